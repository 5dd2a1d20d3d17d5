#include <isotrace/referee/serve.hpp>

#include <capnp/rpc-twoparty.h>
#include <kj/async-unix.h>
#include <unistd.h>

#include <csignal>

#include <isotrace/referee/counted_stream.hpp>
#include <isotrace/referee/wire.hpp>

namespace isotrace::referee {
namespace {

/// Referees that are connected at a time; more are turned away.
constexpr unsigned referees_max = 16;
/// That one of them may send in all: questions are small.
constexpr std::uint64_t questions_bytes_max = std::uint64_t{64} << 20;

template <class T>
T value_or_throw(Answer<T> answer) {
  if (!answer) {
    kj::throwFatalException(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                                          kj::str(answer.error().detail.c_str())));
  }
  return *std::move(answer);
}

std::vector<std::uint64_t> numbers_of(capnp::List<std::uint64_t>::Reader list) {
  std::vector<std::uint64_t> numbers;
  for (const std::uint64_t number : list) numbers.push_back(number);
  return numbers;
}

class Questions final : public wire::Party::Server {
 public:
  explicit Questions(Party& party) : party_(party) {}

 protected:
  kj::Promise<void> commit(CommitContext context) override {
    KJ_REQUIRE(context.getParams().getVersion() == protocol_version, "another protocol version");
    const Commitment commitment = value_or_throw(party_.commit());
    auto out = context.getResults();
    out.setRoot(wire_bytes(commitment.root.view()));
    out.setLeaves(commitment.leaves);
    out.setIdentity(wire_bytes(commitment.identity));
    set_digests(out.initPath(size_of(commitment.path)), commitment.path);
    set_digests(out.initPeaks(size_of(commitment.peaks)), commitment.peaks);
    return kj::READY_NOW;
  }

  kj::Promise<void> halve(HalveContext context) override {
    const auto in = context.getParams();
    const Children children = value_or_throw(party_.halve(in.getLevel(), in.getIndex()));
    context.getResults().setLeft(wire_bytes(children.left.view()));
    context.getResults().setRight(wire_bytes(children.right.view()));
    return kj::READY_NOW;
  }

  kj::Promise<void> open(OpenContext context) override {
    const auto asked = context.getParams().getLeaves();
    const std::vector<OpenedLeaf> opened = value_or_throw(party_.open(numbers_of(asked)));
    auto out = context.getResults().initOpened(size_of(opened));
    for (unsigned i = 0; i < opened.size(); ++i) {
      out[i].setRecord(wire_bytes(opened[i].record));
      set_digests(out[i].initPath(size_of(opened[i].path)), opened[i].path);
    }
    return kj::READY_NOW;
  }

  kj::Promise<void> fetch(FetchContext context) override {
    const auto in = context.getParams();
    const auto digest = core::digest_from_bytes({in.getDigest().begin(), in.getDigest().size()});
    KJ_REQUIRE(in.getKind() < evidence_kinds && digest, "no such evidence");
    const Evidence evidence{.kind = static_cast<Evidence::Kind>(in.getKind()),
                            .leaf = in.getLeaf(),
                            .position = in.getPosition(),
                            .digest = *digest};
    // Pieces of one thing are asked for one after the other.
    if (latest_ != evidence) {
      latest_.reset();
      latest_bytes_ = value_or_throw(party_.fetch(evidence, UINT64_MAX));
      latest_ = evidence;
    }
    const std::uint64_t offset = std::min<std::uint64_t>(in.getOffset(), latest_bytes_.size());
    const core::ByteView rest = core::ByteView(latest_bytes_).subspan(offset);
    context.getResults().setTotal(latest_bytes_.size());
    context.getResults().setData(
        wire_bytes(rest.first(std::min<std::uint64_t>(rest.size(), piece_bytes))));
    return kj::READY_NOW;
  }

  kj::Promise<void> span(SpanContext context) override {
    context.getResults().setOpcodes(value_or_throw(party_.span(context.getParams().getLeaf())));
    return kj::READY_NOW;
  }

  kj::Promise<void> roots(RootsContext context) override {
    const auto asked = context.getParams().getPositions();
    const auto roots =
        value_or_throw(party_.roots(context.getParams().getLeaf(), numbers_of(asked)));
    set_digests(context.getResults().initRoots(size_of(roots)), roots);
    return kj::READY_NOW;
  }

 private:
  template <class List>
  static unsigned size_of(const List& list) {
    return static_cast<unsigned>(list.size());
  }

  Party& party_;
  std::optional<Evidence> latest_;
  core::Bytes latest_bytes_;
};

/// One referee's connection, as long as it lasts.
struct Session {
  Session(kj::Own<kj::AsyncIoStream> socket, capnp::Capability::Client party)
      : stream(kj::mv(socket), questions_bytes_max),
        network(stream, capnp::rpc::twoparty::Side::SERVER, reader_options(message_bytes_max)),
        system(capnp::makeRpcServer(network, kj::mv(party))) {}

  CountedStream stream;
  capnp::TwoPartyVatNetwork network;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> system;
};

/// Takes in referees, so many at a time.
class Door final : private kj::TaskSet::ErrorHandler {
 public:
  Door(kj::ConnectionReceiver& listener, wire::Party::Client party)
      : listener_(listener), party_(kj::mv(party)), sessions_(*this) {}

  kj::Promise<void> listen() {
    return listener_.accept().then(
        [this](kj::Own<kj::AsyncIoStream>&& stream) -> kj::Promise<void> {
          if (open_ < referees_max) {
            ++open_;
            auto session = kj::heap<Session>(kj::mv(stream), party_);
            session->system.setFlowLimit(piece_bytes / sizeof(capnp::word));
            auto ended = session->network.onDisconnect();
            sessions_.add(ended.attach(kj::mv(session)).then([this] { --open_; }));
          }
          return listen();
        });
  }

 private:
  void taskFailed(kj::Exception&&) override { --open_; }

  kj::ConnectionReceiver& listener_;
  wire::Party::Client party_;
  unsigned open_ = 0;
  kj::TaskSet sessions_;
};

core::Result<core::Done> listen_and_serve(Party& party, Address address,
                                          const std::function<void(const Address&)>& listening) {
  auto context = kj::setupAsyncIo();
  const std::string text = address.is_local() ? "unix:" + address.path : address.host;
  auto parsed = context.provider->getNetwork()
                    .parseAddress(text.c_str(), address.port)
                    .wait(context.waitScope);
  auto listener = parsed->listen();
  if (!address.is_local()) address.port = static_cast<std::uint16_t>(listener->getPort());
  Door door(*listener, kj::heap<Questions>(party));
  auto stopped = context.unixEventPort.onSignal(SIGTERM)
                     .exclusiveJoin(context.unixEventPort.onSignal(SIGINT))
                     .ignoreResult();
  listening(address);
  door.listen().exclusiveJoin(kj::mv(stopped)).wait(context.waitScope);
  if (address.is_local()) ::unlink(address.path.c_str());
  return core::Done{};
}

}  // namespace

core::Result<core::Done> serve(Party& party, const Address& address,
                               const std::function<void(const Address&)>& listening) {
  kj::UnixEventPort::captureSignal(SIGTERM);
  kj::UnixEventPort::captureSignal(SIGINT);
  try {
    return listen_and_serve(party, address, listening);
  } catch (const kj::Exception& exception) {
    return core::refuse(core::RefusalCode::listen_failed, address.text(),
                        exception.getDescription().cStr());
  }
}

}  // namespace isotrace::referee
