#include <isotrace/referee/remote.hpp>

#include <capnp/rpc-twoparty.h>

#include <isotrace/referee/counted_stream.hpp>
#include <isotrace/referee/wire.hpp>

namespace isotrace::referee {
namespace {

using Kind = Fault::Kind;

tl::unexpected<Fault> fault(Kind kind, std::string detail = {}) {
  return tl::unexpected<Fault>(Fault{kind, std::move(detail)});
}

/// What a peer says, fit to be shown.
std::string printable(kj::StringPtr text) {
  constexpr std::size_t most = 200;
  std::string out;
  for (const char c : text) {
    if (out.size() == most) break;
    out += c >= ' ' && c <= '~' ? c : '?';
  }
  return out;
}

/// Whose doing a failed call is.
Fault fault_of(const kj::Exception& exception) {
  const kj::StringPtr text = exception.getDescription();
  constexpr kj::StringPtr remote = "remote exception: "_kj;
  if (exception.getType() == kj::Exception::Type::DISCONNECTED) {
    return {Kind::gone, {}};
  }
  if (text.startsWith(remote)) return {Kind::declined, printable(text.slice(remote.size()))};
  return {Kind::garbled, printable(text)};
}

std::optional<core::Digest> digest_of(capnp::Data::Reader data) {
  return core::digest_from_bytes({data.begin(), data.size()});
}

std::optional<std::vector<core::Digest>> digests_of(capnp::List<capnp::Data>::Reader list) {
  std::vector<core::Digest> digests;
  for (const auto data : list) {
    const auto digest = digest_of(data);
    if (!digest) return std::nullopt;
    digests.push_back(*digest);
  }
  return digests;
}

/// Long evidence may take as many timeouts as it has so many bytes, and one.
constexpr std::uint64_t bytes_per_timeout = std::uint64_t{64} << 20;

struct Connection {
  Connection(kj::Own<kj::AsyncIoStream> socket, std::uint64_t bytes_max)
      : stream(kj::mv(socket), bytes_max),
        network(stream, capnp::rpc::twoparty::Side::CLIENT, reader_options(message_bytes_max)),
        system(capnp::makeRpcClient(network)),
        party(bootstrap(system)) {}

  static wire::Party::Client bootstrap(capnp::RpcSystem<capnp::rpc::twoparty::VatId>& system) {
    capnp::MallocMessageBuilder message;
    auto host = message.initRoot<capnp::rpc::twoparty::VatId>();
    host.setSide(capnp::rpc::twoparty::Side::SERVER);
    return system.bootstrap(host).castAs<wire::Party>();
  }

  CountedStream stream;
  capnp::TwoPartyVatNetwork network;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> system;
  wire::Party::Client party;
};

class SocketParty final : public RemoteParty {
 public:
  SocketParty(kj::AsyncIoContext& context, Address address, const RemoteLimits& limits)
      : context_(context), address_(std::move(address)), limits_(limits) {}

  Answer<Commitment> commit() override {
    if (auto connected = connect(); !connected) return fault(connected.error());
    auto request = party().commitRequest();
    request.setVersion(protocol_version);
    return ask<Commitment>(request.send(), [](auto&& in) -> Answer<Commitment> {
      const auto root = digest_of(in.getRoot());
      auto path = digests_of(in.getPath());
      auto peaks = digests_of(in.getPeaks());
      if (!root || !path || !peaks) return fault(Kind::garbled, "digests");
      return Commitment{*root, in.getLeaves(), bytes_of(in.getIdentity()), *std::move(path),
                        *std::move(peaks)};
    });
  }

  Answer<Children> halve(unsigned level, std::uint64_t index) override {
    if (broken_) return fault(*broken_);
    auto request = party().halveRequest();
    request.setLevel(static_cast<std::uint8_t>(level));
    request.setIndex(index);
    return ask<Children>(request.send(), [](auto&& in) -> Answer<Children> {
      const auto left = digest_of(in.getLeft());
      const auto right = digest_of(in.getRight());
      if (!left || !right) return fault(Kind::garbled, "digests");
      return Children{*left, *right};
    });
  }

  Answer<std::vector<OpenedLeaf>> open(std::span<const std::uint64_t> leaves) override {
    if (broken_) return fault(*broken_);
    auto request = party().openRequest();
    request.setLeaves(kj::arrayPtr(leaves.data(), leaves.size()));
    return ask<std::vector<OpenedLeaf>>(
        request.send(), [](auto&& in) -> Answer<std::vector<OpenedLeaf>> {
          std::vector<OpenedLeaf> opened;
          for (const auto leaf : in.getOpened()) {
            auto path = digests_of(leaf.getPath());
            if (!path) return fault(Kind::garbled, "digests");
            opened.push_back({bytes_of(leaf.getRecord()), *std::move(path)});
          }
          return opened;
        });
  }

  Answer<core::Bytes> fetch(const Evidence& evidence, std::uint64_t bytes_max) override {
    core::Bytes bytes;
    const kj::TimePoint begin = now();
    for (std::uint64_t total = 0;;) {
      auto piece = fetch_piece(evidence, bytes.size());
      if (!piece) return fault(piece.error());
      const bool first = bytes.empty();
      if (first) total = piece->total;
      if (total > bytes_max) return fault(Kind::large);
      const std::uint64_t left = total - bytes.size();
      if (piece->total != total || piece->data.size() != std::min(left, piece_bytes)) {
        return fault(Kind::garbled, "pieces of evidence that do not fit");
      }
      bytes.insert(bytes.end(), piece->data.begin(), piece->data.end());
      if (bytes.size() == total) return bytes;
      const std::uint64_t allowances = 1 + bytes.size() / bytes_per_timeout;
      if (now() - begin > static_cast<std::int64_t>(allowances) * timeout()) {
        broken_ = Fault{Kind::stalled, "evidence came too slowly"};
        return fault(*broken_);
      }
    }
  }

  Answer<std::uint64_t> span(std::uint64_t leaf) override {
    if (broken_) return fault(*broken_);
    auto request = party().spanRequest();
    request.setLeaf(leaf);
    return ask<std::uint64_t>(request.send(),
                              [](auto&& in) -> Answer<std::uint64_t> { return in.getOpcodes(); });
  }

  Answer<std::vector<core::Digest>> roots(std::uint64_t leaf,
                                          std::span<const std::uint64_t> positions) override {
    if (broken_) return fault(*broken_);
    auto request = party().rootsRequest();
    request.setLeaf(leaf);
    request.setPositions(kj::arrayPtr(positions.data(), positions.size()));
    return ask<std::vector<core::Digest>>(request.send(),
                                          [](auto&& in) -> Answer<std::vector<core::Digest>> {
                                            auto digests = digests_of(in.getRoots());
                                            if (!digests) return fault(Kind::garbled, "digests");
                                            return *std::move(digests);
                                          });
  }

  [[nodiscard]] std::uint64_t bytes_moved() const override {
    return connection_ ? connection_->stream.bytes() : 0;
  }

 private:
  struct Piece {
    std::uint64_t total = 0;
    core::Bytes data;
  };

  static tl::unexpected<Fault> fault(Kind kind, std::string detail = {}) {
    return referee::fault(kind, std::move(detail));
  }
  static tl::unexpected<Fault> fault(Fault known) {
    return tl::unexpected<Fault>(std::move(known));
  }

  Answer<Piece> fetch_piece(const Evidence& evidence, std::uint64_t offset) {
    if (broken_) return fault(*broken_);
    auto request = party().fetchRequest();
    request.setKind(static_cast<std::uint8_t>(evidence.kind));
    request.setLeaf(evidence.leaf);
    request.setPosition(evidence.position);
    request.setDigest(wire_bytes(evidence.digest.view()));
    request.setOffset(offset);
    return ask<Piece>(request.send(), [](auto&& in) -> Answer<Piece> {
      return Piece{in.getTotal(), bytes_of(in.getData())};
    });
  }

  wire::Party::Client& party() { return connection_->party; }
  [[nodiscard]] kj::Duration timeout() const { return limits_.timeout.count() * kj::MILLISECONDS; }
  [[nodiscard]] kj::TimePoint now() const { return context_.provider->getTimer().now(); }

  /// Waits for a promise no longer than allowed. Whoever has once given no usable answer but a
  /// refusal is not asked again.
  template <class T>
  Answer<T> wait(kj::Promise<Answer<T>> promise) {
    auto late = context_.provider->getTimer().afterDelay(timeout()).then(
        []() -> Answer<T> { return fault(Kind::stalled); });
    auto answer = promise.exclusiveJoin(kj::mv(late)).wait(context_.waitScope);
    if (!answer && answer.error().kind != Kind::declined) broken_ = answer.error();
    return answer;
  }

  template <class T, class Promise, class Read>
  Answer<T> ask(Promise sent, Read read) {
    return wait<T>(sent.then(
        [read](auto&& response) -> Answer<T> { return read(response); },
        [](kj::Exception&& exception) -> Answer<T> { return fault(fault_of(exception)); }));
  }

  tl::expected<void, Fault> connect() {
    if (connection_) return {};
    if (broken_) return fault(*broken_);
    using Socket = std::shared_ptr<kj::Own<kj::AsyncIoStream>>;
    const std::string text = address_.is_local() ? "unix:" + address_.path : address_.host;
    auto opened =
        kj::evalNow([&] {
          return context_.provider->getNetwork().parseAddress(text.c_str(), address_.port);
        })
            .then([](kj::Own<kj::NetworkAddress>&& address) {
              auto connecting = address->connect();
              return connecting.attach(kj::mv(address));
            })
            .then(
                [](kj::Own<kj::AsyncIoStream>&& stream) -> Answer<Socket> {
                  return std::make_shared<kj::Own<kj::AsyncIoStream>>(kj::mv(stream));
                },
                [](kj::Exception&& exception) -> Answer<Socket> {
                  return fault(Kind::gone,
                               "no connection: " + printable(exception.getDescription()));
                });
    auto socket = wait<Socket>(kj::mv(opened));
    if (!socket) return fault(socket.error());
    connection_ = std::make_unique<Connection>(kj::mv(**socket), limits_.bytes_max);
    return {};
  }

  kj::AsyncIoContext& context_;
  Address address_;
  RemoteLimits limits_;
  std::optional<Fault> broken_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace

struct Connections::Loop {
  kj::AsyncIoContext context = kj::setupAsyncIo();
};

Connections::Connections() : loop_(std::make_unique<Loop>()) {}
Connections::~Connections() = default;

std::unique_ptr<RemoteParty> Connections::find_party(const Address& address,
                                                     const RemoteLimits& limits) {
  return std::make_unique<SocketParty>(loop_->context, address, limits);
}

}  // namespace isotrace::referee
