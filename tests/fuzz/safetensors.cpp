// Any bytes as a safetensors file.
#include "s2rm/io/safetensors.hpp"

#include "fuzz/fuzz.hpp"

namespace io = s2rm::io;
using s2rm::fuzz::promise;

int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
  auto const all = std::as_bytes(std::span(bytes, size));
  s2rm::fuzz::taken<s2rm::file_error>("fuzzed", [&] {
    auto const file = io::read_safetensors(all, "fuzzed");
    promise(file.header.size() + file.payload.size() == size, "header and payload are the whole file");
    std::size_t covered = 0;
    for (auto const& tensor : file.tensors) {
      covered += file.bytes(tensor).size();
      promise(file.find(tensor.name) == &tensor, "names are found, and unique");
      if (io::detail::converts_to<float>(tensor.type)) static_cast<void>(file.numbers<float>(tensor.name));
      if (tensor.type == io::dtype::i64) static_cast<void>(file.numbers<std::int64_t>(tensor.name));
    }
    promise(covered == file.payload.size(), "the tensors cover the payload");
    // What was taken can be written, and read back as the same.
    std::vector<io::tensor_source> tensors;
    for (auto const& tensor : file.tensors) {
      tensors.push_back({tensor.name, tensor.type, tensor.shape, file.bytes(tensor).data()});
    }
    auto const header = io::make_safetensors_header(tensors, file.metadata, "fuzzed");
    auto const again = io::parse_safetensors_header(std::string_view(header).substr(8), file.payload.size(), "fuzzed");
    promise(again.tensors.size() == file.tensors.size(), "written and read back: as many tensors");
    for (std::size_t i = 0; i < again.tensors.size(); ++i) {
      promise(again.tensors[i].name == file.tensors[i].name && again.tensors[i].shape == file.tensors[i].shape,
              "written and read back: the same tensors");
    }
  });
  return 0;
}
