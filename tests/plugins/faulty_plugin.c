/* Plugins that break their contract, one for each FAULT. Sound but for that: Add and Relu of f32,
 * Add for operands of one shape. Where the fault is in a call, it is in Relu. */
#define _GNU_SOURCE
#include <isotrace_backend.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NONE 0
#define CRASH 1          /* writes to address 0 */
#define HANG 2           /* never returns */
#define WRONG_SHAPE 3    /* a result of another shape */
#define WRONG_BIT 4      /* the last bit of the last element */
#define FUTURE_VERSION 5 /* major version 2 */
#define WRITE_BEHIND 6   /* one byte behind the result */
#define WRITE_BEFORE 7   /* one byte before the result */
#define WRITE_FAR 8      /* a page behind the result */
#define FORK 9           /* starts processes */
#define EAT_MEMORY 10    /* allocates until it cannot */
#define WRITE_OPERAND 11 /* changes its operand */
#define NO_RESULT 12     /* OK without a result */
#define KILL_PARENT 13   /* a signal to the process that started it */
#define EXIT 14          /* ends its process as if all were well */
#define WRITE_FILE 15    /* opens a file for writing */
#define BAD_STATUS 16    /* a status that does not exist */
#define HUGE_RESULT 17   /* asks for a result over the limit, says OK all the same */
#define WRONG_DTYPE 18   /* bytes instead of floats */
#define CONSTRUCTOR 19   /* crashes when it is loaded */
#define BAD_NAME 20      /* a name that is none */
#define NO_DEVICE 21     /* its device is absent */
#define FORGE 22         /* answers on the socket itself, with noise */
#define SHRINK 23        /* takes the shared memory away after writing the result */
#define TWICE 24         /* asks for a result twice */
#define SMALL_TABLE 25   /* a table shorter than the version's */
#define NULL_TABLE 26    /* speaks no version */
#define FAIL 27          /* says that it failed, in words with control characters */
#define OPEN_HANGS 28    /* never gets ready */
#define ABORT 29
#define WRONG_RESULT_BYTES 30 /* a boolean of 7, for Equal */
#define CHATTER 31            /* prints */
#define FORGE_FAR 33          /* answers on the socket itself: a result beyond the shared memory */
#define THREADS 34            /* no fault: computes in a thread */
#define SPARSE 35             /* a file of gigabytes that holds nothing, and a result as large */
#define SUPPORTS_HANGS 36     /* never says what it does */
#define CLOSE_CHANNEL 37      /* closes the socket and goes on */
#define HALF_ANSWER 38        /* a length on the socket, and less than that */
#define TRICKLE 39            /* a long answer, byte by byte */
#define LATE_REFUSAL 32       /* takes Relu, then refuses the call */
#define FLOOD 40              /* prints megabytes, among them what drives terminals */
#define FLOOD_FOREVER 41      /* prints without end, and makes itself wait for who reads it */
#define ENVIRONMENT 42        /* no fault of results: leaves rounding upwards and flushed subnormals */
#define STOP 43               /* stops its process */
#define CLOSE_ALL 44          /* closes every descriptor and goes on */
#define CRASH_IN_CLOSE 45     /* crashes when it is no longer needed */
#define HANG_IN_CLOSE 46      /* never lets go */
#define EXIT_IN_OPEN 47       /* ends its process as if all were well, before it is ready */
#define NO_DEVICE_TEXT 48     /* names no device */
#define LONG_DEVICE_TEXT 49   /* names one in a megabyte */
#define OPEN_STATUS 50        /* a status that open does not have */
#define DEEP 51               /* calls itself until the stack ends */
#define CRASH_IN_SUPPORTS 52
#define NAN_PAYLOAD 53        /* a NaN that is not the canonical one */
#define WRONG_MIDDLE 54       /* in the third Relu alone, the last bit of one element in the middle */
#define ALL_WRONG_STATUS 55   /* claims every operation, then refuses each call */
#define UNLOAD 56             /* its library ends the process when that ends by itself */

#ifndef FAULT
#define FAULT NONE
#endif

static volatile int sink;
static int *volatile nowhere;

static void *change_sign(void *y) {
  *(float *)y = -*(float *)y;
  return NULL;
}

/* Twice, so that nothing is changed. */
static void change_sign_in_threads(float *y) {
  for (int i = 0; i < 2; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, change_sign, y) != 0) abort();
    pthread_join(thread, NULL);
  }
}

/* The reply that the process around the plugin would write: OK, no detail, one f32[1] at 2^32. */
static void forge_result(void) {
  unsigned char reply[4 + 1 + 8 + 8 + 1 + 8 + 8 + 8 + 1] = {0};
  reply[0] = sizeof reply - 4;
  reply[13] = 1; /* results */
  reply[21] = ISOTRACE_F32;
  reply[22] = 1;     /* axes */
  reply[30] = 1;     /* its size */
  reply[38 + 4] = 1; /* where it lies */
  sink = (int)write(3, reply, sizeof reply);
}

static void forge_sparse_result(void) {
  unsigned char reply[4 + 1 + 8 + 8 + 1 + 8 + 8 + 8 + 1] = {0};
  reply[0] = sizeof reply - 4;
  reply[13] = 1;
  reply[21] = ISOTRACE_F32;
  reply[22] = 1;
  reply[30 + 3] = 0x40; /* f32[2^30] */
  if (ftruncate(5, (off_t)1 << 32) != 0) abort();
  sink = (int)write(3, reply, sizeof reply);
}

static int deeper(int depth) { return depth + deeper(sink + depth) + sink; }

static void flood(void) {
  char line[4096];
  memset(line, 'x', sizeof line);
  memcpy(line, "\033[2J\007", 5);
  line[sizeof line - 1] = '\n';
  for (int i = 0; i < 2000; ++i) {
    sink = (int)write(1, line, sizeof line);
    sink = (int)write(2, line, sizeof line);
  }
}

static void flood_for_ever(void) {
  fcntl(2, F_SETFL, 0);
  for (;;) flood();
}

static void change_environment(void) {
  const unsigned upwards = 0x5F80, flushed = 0x8040;
  const unsigned both = upwards | flushed;
  __asm__ volatile("ldmxcsr %0" : : "m"(both));
}

static void misbehave(const isotrace_call *call, float *y, uint64_t count) {
  static int calls = 0;
  (void)call;
  char *bytes = (char *)y;
  switch (FAULT) {
    case CRASH: *nowhere = 1; break;
    case HANG:
      for (;;) sink = sink + 1;
    case WRONG_BIT:
      if (count != 0) bytes[(count - 1) * 4] ^= 1;
      break;
    case WRITE_BEHIND: bytes[count * 4] = 1; break;
    case WRITE_BEFORE: bytes[-1] = 1; break;
    case WRITE_FAR: bytes[count * 4 + 4096] = 1; break;
    case FORK:
      for (;;) sink = fork();
    case EAT_MEMORY:
      for (;;) {
        char *more = malloc(1 << 24);
        if (more == NULL) abort();
        memset(more, 1, 1 << 24);
      }
    case WRITE_OPERAND: *(volatile char *)call->operands[0]->data = 1; break;
    case KILL_PARENT: kill(getppid(), SIGKILL); break;
    case EXIT: exit(0);
    case WRITE_FILE: sink = open(MARK_FILE, O_WRONLY | O_CREAT, 0600); break;
    case FORGE: sink = (int)write(3, "\xff\xff\xff\x7f noise", 10); break;
    case THREADS: change_sign_in_threads(y); break;
    case FORGE_FAR: forge_result(); break;
    case SPARSE: forge_sparse_result(); break;
    case CLOSE_CHANNEL:
      close(3);
      for (;;) sink = sink + 1;
    case HALF_ANSWER:
      sink = (int)write(3, "\xe8\x03\x00\x00 noise", 10);
      for (;;) sink = sink + 1;
    case TRICKLE:
      sink = (int)write(3, "\x00\x00\x00\x03", 4);
      for (;;) sink = (int)write(3, "", 1);
    case SHRINK: sink = ftruncate(5, 0); break;
    case TWICE: call->result(call->host, 0, ISOTRACE_F32, 0, NULL); break;
    case ABORT: abort();
    case FLOOD: flood(); break;
    case FLOOD_FOREVER: flood_for_ever(); break;
    case ENVIRONMENT: change_environment(); break;
    case STOP: raise(SIGSTOP); break;
    case CLOSE_ALL:
      for (int i = 0; i < 1024; ++i) close(i);
      break;
    case DEEP: sink = deeper(sink); break;
    case NAN_PAYLOAD:
      if (count != 0) memcpy(bytes, "\1\0\xc0\x7f", 4);
      break;
    case WRONG_MIDDLE:
      if (++calls == 3) bytes[count / 2 * 4] ^= 1;
      break;
    case CHATTER:
      puts("on standard output");
      fflush(stdout);
      break;
    default: break;
  }
}

static int32_t run(void *instance, const isotrace_call *call) {
  (void)instance;
  const isotrace_tensor *a = call->operands[0];
  const int relu = strcmp(call->question->operation, "Relu") == 0;
  const uint64_t count = a->bytes / 4;
  if (FAULT == WRONG_RESULT_BYTES && strcmp(call->question->operation, "Equal") == 0) {
    char *y = call->result(call->host, 0, ISOTRACE_BOOLEAN, a->rank, a->dims);
    memset(y, 7, count);
    return ISOTRACE_OK;
  }
  if (relu && FAULT == NO_RESULT) return ISOTRACE_OK;
  if (relu && FAULT == BAD_STATUS) return 77;
  if (relu && FAULT == LATE_REFUSAL) return ISOTRACE_NO_CALL;
  if (FAULT == ALL_WRONG_STATUS) return ISOTRACE_NO_CALL;
  if (relu && FAULT == FAIL) {
    call->explain(call->host, "device lost\033[2J\nat 3");
    return ISOTRACE_FAILED;
  }
  if (relu && FAULT == HUGE_RESULT) {
    const int64_t huge[2] = {1 << 30, 1 << 30};
    return call->result(call->host, 0, ISOTRACE_F32, 2, huge) == NULL ? ISOTRACE_OK
                                                                      : ISOTRACE_FAILED;
  }
  if (!relu) {
    const isotrace_tensor *b = call->operands[1];
    if (b->rank != a->rank || (a->rank != 0 && memcmp(b->dims, a->dims, 8 * a->rank) != 0)) {
      return ISOTRACE_NO_CALL;
    }
  }
  const int64_t one = 1;
  const int other = relu && FAULT == WRONG_SHAPE;
  const uint32_t dtype = relu && FAULT == WRONG_DTYPE ? ISOTRACE_I32 : ISOTRACE_F32;
  float *y = call->result(call->host, 0, dtype, other ? 1 : a->rank, other ? &one : a->dims);
  if (y == NULL) return ISOTRACE_NO_MEMORY;
  if (other) return ISOTRACE_OK;
  const float *x = a->data;
  const uint32_t bits = 0x7FC00000u;
  float nan;
  memcpy(&nan, &bits, sizeof nan);
  for (uint64_t i = 0; i < count; ++i) {
    const float sum = relu ? x[i] : x[i] + ((const float *)call->operands[1]->data)[i];
    y[i] = sum != sum ? nan : relu && !(sum > 0) ? 0.0f : sum;
  }
  if (relu) misbehave(call, y, count);
  return ISOTRACE_OK;
}

static int32_t supports(void *instance, const isotrace_question *question) {
  if (FAULT == CRASH_IN_SUPPORTS) *nowhere = 1;
  if (FAULT == ALL_WRONG_STATUS) return ISOTRACE_OK;
  while (FAULT == SUPPORTS_HANGS) sink = sink + 1;
  (void)instance;
  const int equal = FAULT == WRONG_RESULT_BYTES && strcmp(question->operation, "Equal") == 0;
  if (strcmp(question->operation, "Add") != 0 && strcmp(question->operation, "Relu") != 0 &&
      !equal) {
    return ISOTRACE_NO_OPERATION;
  }
  return question->operand_dtypes[0] == ISOTRACE_F32 ? ISOTRACE_OK : ISOTRACE_NO_DTYPE;
}

static int32_t open_device(const isotrace_host *host, void **instance) {
  *instance = NULL;
  if (FAULT == OPEN_HANGS) {
    for (;;) sink = sink + 1;
  }
  if (FAULT == EXIT_IN_OPEN) exit(0);
  if (FAULT == OPEN_STATUS) return 12345;
  if (FAULT == NO_DEVICE) {
    host->explain(host->host, "no card in the slot");
    return ISOTRACE_NO_DEVICE;
  }
  return ISOTRACE_OK;
}

static void close_device(void *instance) {
  (void)instance;
  if (FAULT == CRASH_IN_CLOSE) *nowhere = 1;
  while (FAULT == HANG_IN_CLOSE) sink = sink + 1;
}

static const char *device(void *instance) {
  (void)instance;
  if (FAULT == NO_DEVICE_TEXT) return NULL;
  if (FAULT == LONG_DEVICE_TEXT) {
    static char text[1 << 20];
    memset(text, 'd', sizeof text - 1);
    return text;
  }
  return "faulty device";
}

__attribute__((constructor)) static void load(void) {
  if (FAULT == CONSTRUCTOR) *nowhere = 1;
  if (FAULT == ENVIRONMENT) change_environment();
}

__attribute__((destructor)) static void unload(void) {
  if (FAULT == UNLOAD) abort();
}

static const isotrace_backend backend = {
    FAULT == SMALL_TABLE ? 16 : sizeof(isotrace_backend),
    FAULT == FUTURE_VERSION ? 2u << 16 : ISOTRACE_BACKEND_VERSION,
    FAULT == BAD_NAME ? "Bad name" : "faulty",
    "1",
    open_device,
    close_device,
    device,
    supports,
    run};

#ifdef NO_ENTRY
const isotrace_backend *another_entry(void) { return &backend; }
#else
const isotrace_backend *isotrace_backend_entry(uint32_t version) {
  (void)version;
  return FAULT == NULL_TABLE ? NULL : &backend;
}
#endif
