/* The interface between Isotrace and a backend plugin, version 1.0. Plain C: include this file,
 * define isotrace_backend_entry, link a shared library. `isotrace conform backend FILE` checks it;
 * docs/howto/bring-up-a-backend.md walks through it.
 *
 * What a plugin promises. It executes single operations and gives the bits that Isotrace's
 * documents define (docs/spec, docs/numerics.md): every rounding, every NaN. What it cannot do
 * exactly it refuses; a refusal is a right answer, a wrong bit is not.
 *
 * Where it runs. In a process of its own, started for it with an empty environment, standard input
 * closed and standard output joined to standard error. Calls come one at a time, all on one thread,
 * open first and close last; the plugin may start threads. Rounding is to nearest, subnormal
 * numbers are kept, and both are set again before every call. A plugin that crashes, hangs or
 * breaks this contract costs the step an error, and Isotrace nothing else.
 *
 * Ownership. What Isotrace hands over (structs, texts, tensors) is Isotrace's, read-only, and valid
 * until the call returns. What the plugin hands over (its table, names) is the plugin's and stays
 * valid until the library is unloaded, `device` until close.
 *
 * Versions. The upper half of a version is its major, the lower half its minor number. Structs only
 * grow, at the end, and then the minor number grows: a field exists if struct_size covers it.
 * Another major number is another interface, and is refused. */
#ifndef ISOTRACE_BACKEND_H
#define ISOTRACE_BACKEND_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ISOTRACE_BACKEND_MAJOR 1u
#define ISOTRACE_BACKEND_MINOR 0u
#define ISOTRACE_BACKEND_VERSION ((ISOTRACE_BACKEND_MAJOR << 16) | ISOTRACE_BACKEND_MINOR)

/* Element types. Numbers are little-endian; tensors are dense and row-major, the last axis
 * innermost. */
enum {
  ISOTRACE_F32 = 1,
  ISOTRACE_F64 = 2,
  ISOTRACE_F16 = 3,
  ISOTRACE_BF16 = 4,
  ISOTRACE_I8 = 5,
  ISOTRACE_U8 = 6,
  ISOTRACE_I16 = 7,
  ISOTRACE_U16 = 8,
  ISOTRACE_I32 = 9,
  ISOTRACE_U32 = 10,
  ISOTRACE_I64 = 11,
  ISOTRACE_U64 = 12,
  ISOTRACE_BOOLEAN = 13, /* one byte, 0 or 1 */
  ISOTRACE_F8E4M3FN = 14,
  ISOTRACE_F8E4M3FNUZ = 15,
  ISOTRACE_F8E5M2 = 16,
  ISOTRACE_F8E5M2FNUZ = 17,
  ISOTRACE_I4 = 18,     /* one byte each, sign-extended */
  ISOTRACE_U4 = 19,     /* one byte each, zero-extended */
  ISOTRACE_I2 = 20,     /* one byte each, sign-extended */
  ISOTRACE_U2 = 21,     /* one byte each, zero-extended */
  ISOTRACE_F4E2M1 = 22, /* one byte each, zero-extended */
  /* Values that are no tensors come as tensors of one axis, of bytes, packed as
   * docs/formats/program.md says. A plugin may refuse all of them. */
  ISOTRACE_SEQUENCE_OF = 64, /* + element type: a sequence of tensors */
  ISOTRACE_OPTIONAL_OF = 128 /* + element type, or sequence: an optional value */
};

/* What functions return. */
enum {
  ISOTRACE_OK = 0,
  /* The plugin does not do this exactly: the operation, these element types, or this call of it
   * (its attributes, shapes or sizes). */
  ISOTRACE_NO_OPERATION = 1,
  ISOTRACE_NO_DTYPE = 2,
  ISOTRACE_NO_CALL = 3,
  /* The call is one that the definition excludes. Isotrace's own backends refuse it in the same
     way. */
  ISOTRACE_BAD_SHAPE = 4,     /* shapes that do not fit each other */
  ISOTRACE_BAD_VALUE = 5,     /* an operand's value: an index out of range, a divisor of zero */
  ISOTRACE_BAD_ATTRIBUTE = 6, /* an attribute's value */
  /* It could not be done. */
  ISOTRACE_NO_DEVICE = 7,
  ISOTRACE_NO_MEMORY = 8,
  ISOTRACE_FAILED = 9
};

/* A tensor. `data` is aligned to 64 bytes and never NULL, not even where `bytes` is 0. What follows
 * within the same 64 bytes may be read (it is zero) and not written; what follows them is not
 * there. */
typedef struct isotrace_tensor {
  uint32_t struct_size;
  uint32_t dtype;
  uint32_t rank; /* at most 16; 0: a scalar */
  uint32_t reserved;
  const int64_t *dims; /* `rank` of them, none negative; NULL for a scalar */
  const void *data;
  uint64_t bytes;
} isotrace_tensor;

/* An attribute. Every attribute that the operation has is there, defaults written out; names are
 * those of ONNX, and Isotrace's own (k_segment: how many products a partial sum has,
 * docs/numerics.md). */
typedef struct isotrace_attribute {
  uint32_t struct_size;
  uint32_t kind; /* 'i' integer, 'f' real, 's' text, 'I' integers, 'F' reals */
  const char *name;
  int64_t integer;
  float real;
  uint32_t reserved;
  uint64_t count;          /* of integers, of reals, or of bytes of text */
  const char *text;        /* ends with a zero byte; may hold others */
  const int64_t *integers; /* NULL unless kind is 'I' */
  const float *reals;      /* NULL unless kind is 'F' */
} isotrace_attribute;

/* What is known of a call before it is made: the question of `supports`. */
typedef struct isotrace_question {
  uint32_t struct_size;
  uint32_t operation_number; /* stable; docs/spec */
  const char *operation;     /* ONNX name: "Gemm" */
  uint32_t operand_count;    /* those left out included */
  uint32_t result_count;
  const uint32_t *operand_dtypes; /* 0: left out */
  uint32_t attribute_count;
  uint32_t reserved;
  const isotrace_attribute *const *attributes; /* sorted by name */
} isotrace_question;

/* A call, and what the plugin may ask Isotrace for during it. */
typedef struct isotrace_call {
  uint32_t struct_size;
  uint32_t reserved;
  const isotrace_question *question;
  const isotrace_tensor *const *operands; /* question->operand_count; NULL: left out */
  void *host;
  /* Memory for result `index`: dense, aligned to 64 bytes, of as many bytes as type and shape give,
   * zero-filled; valid until run returns. Ask once for every result, then write it. NULL where
   * there is no such tensor or it is over the limits: then return ISOTRACE_NO_MEMORY. */
  void *(*result)(void *host, uint32_t index, uint32_t dtype, uint32_t rank, const int64_t *dims);
  /* Says why, in one line of printable ASCII, for whoever reads the refusal. The last text counts.
   */
  void (*explain)(void *host, const char *text);
} isotrace_call;

/* What `open` is given. */
typedef struct isotrace_host {
  uint32_t struct_size;
  uint32_t version;      /* ISOTRACE_BACKEND_VERSION of Isotrace */
  uint64_t memory_bytes; /* the limit on this process's private memory */
  void *host;
  void (*explain)(void *host, const char *text); /* as above, during open */
} isotrace_host;

/* The plugin. */
typedef struct isotrace_backend {
  uint32_t struct_size;       /* sizeof(isotrace_backend) */
  uint32_t version;           /* ISOTRACE_BACKEND_VERSION */
  const char *name;           /* 1 to 64 of a-z 0-9 - _ . : stands in traces as plugin:NAME */
  const char *plugin_version; /* 1 to 64 printable ASCII characters */
  /* Finds the device. OK, NO_DEVICE, NO_MEMORY or FAILED. */
  int32_t (*open)(const isotrace_host *host, void **instance);
  void (*close)(void *instance);
  /* What it runs on, with whatever decides its results: device, driver, firmware. 1 to 200
   * printable ASCII characters. */
  const char *(*device)(void *instance);
  /* Whether `run` does this for some shapes. OK, NO_OPERATION, NO_DTYPE or NO_CALL; fast, and the
   * same answer every time. */
  int32_t (*supports)(void *instance, const isotrace_question *question);
  /* Executes one operation. */
  int32_t (*run)(void *instance, const isotrace_call *call);
} isotrace_backend;

/* The one symbol that a plugin exports. `version` is Isotrace's; a plugin that cannot speak it may
 * return NULL. The table must not change. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const isotrace_backend *
isotrace_backend_entry(uint32_t version);

#ifdef __cplusplus
}
#endif

#endif
