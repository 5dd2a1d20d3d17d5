// Parties behind real sockets: a server that answers, and peers that stall, end, garble, drip and
// flood. The referee must come to a ruling each time.
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include <isotrace/referee/remote.hpp>
#include <isotrace/referee/serve.hpp>

#include "tests/referee/lying_party.hpp"
#include "tests/referee/sample.hpp"

namespace isotrace::referee::tests {
namespace {

using Verdict = Ruling::Verdict;
using namespace std::chrono_literals;

class Sockets : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/isotrace-referee-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    for (const pid_t child : children_) stop(child, SIGKILL);
    std::filesystem::remove_all(folder_);
  }

  Address address(const std::string& name) const {
    return {.path = (folder_ / name).string(), .host = {}};
  }

  /// A process that serves the party; returns when it listens.
  pid_t start(Party& party, const Address& where) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto done =
          serve(party, where, [&](const Address&) { EXPECT_EQ(::write(ready[1], "x", 1), 1); });
      ::_exit(done ? 0 : 1);
    }
    ::close(ready[1]);
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    children_.push_back(child);
    return child;
  }

  /// A process that does what it likes with the first connection.
  void start_peer(const Address& where, const std::function<void(int)>& talk) {
    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    where.path.copy(name.sun_path, sizeof name.sun_path - 1);
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    ASSERT_EQ(::listen(listener, 4), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      talk(::accept(listener, nullptr, nullptr));
      ::_exit(0);
    }
    ::close(listener);
    children_.push_back(child);
  }

  static int stop(pid_t child, int signal) {
    ::kill(child, signal);
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  /// B may be given less time than A, which answers truly.
  Ruling rule(const Address& a, const Address& b, const RemoteLimits& limits_b = {.timeout = 30s},
              const RemoteLimits& limits_a = {.timeout = 30s}) {
    Connections connections;
    const auto party_a = connections.find_party(a, limits_a);
    const auto party_b = connections.find_party(b, limits_b);
    const Ruling ruling = judge(*party_a, *party_b);
    bytes_ = party_a->bytes_moved() + party_b->bytes_moved();
    return ruling;
  }

  /// The honest one as A against that peer as B.
  Ruling face(const std::function<void(int)>& talk, RemoteLimits limits = {.timeout = 700ms}) {
    const auto honest = party(honest_, run_);
    start(*honest, address("honest"));
    start_peer(address("peer"), talk);
    const Ruling ruling = rule(address("honest"), address("peer"), limits);
    EXPECT_FALSE(ruling.a.at_fault()) << ruling.a.reason;
    EXPECT_EQ(ruling.b.standing, Standing::failed) << ruling.b.reason;
    EXPECT_EQ(ruling.verdict, Verdict::forfeited);
    return ruling;
  }

  trace::Trace forged() const {
    trace::Trace trace = honest_;
    trace.steps[4].outputs[0].digest = flipped(trace.steps[4].outputs[0].digest);
    return sealed(std::move(trace));
  }

  std::filesystem::path folder_;
  std::vector<pid_t> children_;
  std::uint64_t bytes_ = 0;
  executor::EmbeddedRun run_ = sample_run();
  trace::Trace honest_ = honest_trace(run_);
};

TEST_F(Sockets, PartiesAreJudgedThroughThemAndStopCleanly) {
  const auto honest = party(honest_, run_);
  const auto wrong = party(forged(), run_);
  const pid_t a = start(*honest, address("a"));
  start(*wrong, address("b"));
  EXPECT_EQ(rule(address("a"), address("a")).verdict, Verdict::agree);
  const Ruling ruling = rule(address("a"), address("b"));
  EXPECT_EQ(ruling.verdict, Verdict::decided);
  EXPECT_EQ(ruling.a.standing, Standing::upheld);
  EXPECT_EQ(ruling.b.standing, Standing::wrong);
  EXPECT_EQ(ruling.operations, 1U);
  EXPECT_GT(bytes_, 1000U);
  EXPECT_LT(bytes_, 100'000U);
  children_.erase(children_.begin());
  const int status = stop(a, SIGTERM);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_FALSE(std::filesystem::exists(address("a").path));
}

TEST_F(Sockets, AnAddressIsTakenOnce) {
  const auto honest = party(honest_, run_);
  start(*honest, address("a"));
  const pid_t child = ::fork();  // serve() takes the signals of its process
  if (child == 0) {
    const auto again = serve(*honest, address("a"), [](const Address&) {});
    ::_exit(!again && again.error().code == core::RefusalCode::listen_failed ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(Sockets, ALieThroughASocketIsALie) {
  LyingParty lying(party(forged(), run_));
  lying.on_halve = [](unsigned, Answer<Children>& answer) { answer->left = flipped(answer->left); };
  const auto honest = party(honest_, run_);
  start(*honest, address("a"));
  start(lying, address("b"));
  EXPECT_EQ(rule(address("a"), address("b")).b.standing, Standing::lied);
}

TEST_F(Sockets, WhatAPartyDeclinesIsTold) {
  LyingParty lying(party(forged(), run_));
  lying.on_open = [](auto, Answer<std::vector<OpenedLeaf>>& answer) {
    answer = tl::unexpected<Fault>(Fault{Fault::Kind::declined, "not \x1b[31mtoday\n"});
  };
  const auto honest = party(honest_, run_);
  start(*honest, address("a"));
  start(lying, address("b"));
  const Ruling ruling = rule(address("a"), address("b"));
  EXPECT_EQ(ruling.b.standing, Standing::failed);
  EXPECT_EQ(ruling.b.reason, "declined to answer: not ?[31mtoday?");
}

TEST_F(Sockets, EvidenceOfManyPiecesArrivesWhole) {
  // 9 MiB of operands.
  ModelBuilder model;
  model.input("x", {3, 1 << 18}).output("y");
  model.node("Neg", {"x"}, {"n"});
  model.node("Mul", {"n", "x"}, {"y"});
  run_ = {*executor::import_onnx(model.bytes()),
          {{"x", core::Tensor(core::Dtype::f32, {3, 1 << 18})}}};
  run_.inputs[0].value.data<float>()[700'000] = 3;
  honest_ = honest_trace(run_);
  trace::Trace wrong = honest_;
  wrong.steps[1].outputs[0].digest = flipped(wrong.steps[1].outputs[0].digest);
  const auto honest = party(honest_, run_);
  const auto other = party(sealed(wrong), run_);
  start(*honest, address("a"));
  start(*other, address("b"));
  const Ruling ruling = rule(address("a"), address("b"));
  EXPECT_EQ(ruling.a.standing, Standing::upheld) << ruling.a.reason;
  EXPECT_GT(bytes_, 6U << 20);
  // A party may send no more than the referee allows.
  const RemoteLimits few = {.timeout = 30s, .bytes_max = 1 << 20};
  const Ruling flooded = rule(address("a"), address("b"), few, few);
  EXPECT_NE(flooded.verdict, Verdict::agree);
  EXPECT_EQ(flooded.operations, 0U);
}

TEST_F(Sockets, WhoIsNotThereForfeits) {
  const auto honest = party(honest_, run_);
  start(*honest, address("a"));
  const Ruling ruling = rule(address("a"), address("nobody"));
  EXPECT_EQ(ruling.verdict, Verdict::forfeited);
  EXPECT_NE(ruling.b.reason.find("no connection"), std::string::npos) << ruling.b.reason;
}

TEST_F(Sockets, WhoStallsForfeits) {
  const Ruling ruling = face([](int) { ::pause(); });
  EXPECT_EQ(ruling.b.reason, "did not answer in time");
}

TEST_F(Sockets, WhoHangsUpForfeits) {
  const Ruling ruling = face([](int socket) { ::close(socket); });
  EXPECT_NE(ruling.b.reason.find("disconnected"), std::string::npos) << ruling.b.reason;
}

TEST_F(Sockets, GarbageIsNoAnswer) {
  face([](int socket) {
    const std::string text = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    EXPECT_GT(::write(socket, text.data(), text.size()), 0);
    ::pause();
  });
}

TEST_F(Sockets, AMessageThatAnnouncesTooMuchIsRefusedBeforeItIsRead) {
  face([](int socket) {
    const std::array<std::uint32_t, 2> head = {0, 0x0FFFFFFF};  // one segment of 2 GiB
    EXPECT_GT(::write(socket, head.data(), sizeof head), 0);
    ::pause();
  });
}

TEST_F(Sockets, AFloodEnds) {
  face(
      [](int socket) {
        ::signal(SIGPIPE, SIG_IGN);
        const std::vector<std::uint64_t> zeros(1 << 12);  // empty messages
        while (::write(socket, zeros.data(), zeros.size() * 8) > 0) {
        }
      },
      {.timeout = 5s, .bytes_max = 8 << 20});
}

/// Passes on what a server says up to so many bytes, then hangs up or stalls.
void relay(int client, const Address& server, std::size_t bytes, bool stall) {
  const int upstream = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
  server.path.copy(name.sun_path, sizeof name.sun_path - 1);
  if (::connect(upstream, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) return;
  if (::fork() == 0) {
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::read(client, buffer.data(), buffer.size())) > 0;) {
      if (::write(upstream, buffer.data(), static_cast<std::size_t>(n)) != n) break;
    }
    ::_exit(0);
  }
  std::vector<char> buffer(bytes);
  for (std::size_t passed = 0; passed < bytes;) {
    const ssize_t n = ::read(upstream, buffer.data(), bytes - passed);
    if (n <= 0 || ::write(client, buffer.data(), static_cast<std::size_t>(n)) != n) break;
    passed += static_cast<std::size_t>(n);
  }
  if (stall) ::pause();
  ::shutdown(client, SHUT_RDWR);
}

TEST_F(Sockets, WhoEndsOrStallsInsideAMessageForfeits) {
  const auto wrong = party(forged(), run_);
  start(*wrong, address("behind"));
  const auto honest = party(honest_, run_);
  start(*honest, address("a"));
  unsigned number = 0;
  for (const std::size_t bytes : {1, 8, 300, 700, 900, 1200, 1500}) {
    for (const bool stall : {false, true}) {
      const Address peer = address("peer" + std::to_string(number++));
      const Address behind = address("behind");
      start_peer(peer, [=](int socket) { relay(socket, behind, bytes, stall); });
      const Ruling ruling = rule(address("a"), peer, {.timeout = 500ms});
      EXPECT_EQ(ruling.b.standing, Standing::failed) << bytes << stall;
      EXPECT_FALSE(ruling.a.at_fault()) << ruling.a.reason;
    }
  }
}

TEST_F(Sockets, AServerOutlivesRefereesThatMisbehave) {
  const auto honest = party(honest_, run_);
  start(*honest, address("a"));
  const std::array<std::string, 3> texts = {"GET / HTTP/1.1\r\n\r\n", std::string(4096, '\xff'),
                                            std::string("\0\0\0\0\xff\xff\xff\x0f", 8)};
  for (const std::string& text : texts) {
    const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    address("a").path.copy(name.sun_path, sizeof name.sun_path - 1);
    ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    EXPECT_GT(::write(client, text.data(), text.size()), 0);
    ::close(client);
  }
  EXPECT_EQ(rule(address("a"), address("a")).verdict, Verdict::agree);
}

}  // namespace
}  // namespace isotrace::referee::tests
