#pragma once
/// \file
/// The header of a safetensors file from its tensors: what io/safetensors_header.hpp reads.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "s2rm/io/message.hpp"
#include "s2rm/io/safetensors_header.hpp"
#include "s2rm/io/tensor_info.hpp"

S2RM_NAMESPACE_BEGIN
namespace io {
namespace detail {

inline void append_json_string(std::string& json, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  json += '"';
  for (char const c : text) {
    auto const code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (code < 0x20) {
      json += "\\u00";
      json += digits[code >> 4];
      json += digits[code & 15];
    } else {
      json += c;
    }
  }
  json += '"';
}

}  // namespace detail

/// The header as the file holds it: 8 bytes of length, JSON, spaces up to a multiple of 8. The tensors' bytes are to
/// follow in the order given.
inline std::string make_safetensors_header(std::span<tensor_source const> tensors,
                                           std::span<metadata_entry const> metadata, std::string const& file) {
  std::string json = "{";
  if (!metadata.empty()) {
    json += "\"__metadata__\":{";
    for (auto const& entry : metadata) {
      if (&entry != metadata.data()) json += ',';
      detail::append_json_string(json, entry.key);
      json += ':';
      detail::append_json_string(json, entry.value);
    }
    json += '}';
  }
  std::uint64_t offset = 0;
  for (auto const& tensor : tensors) {
    auto const bytes = detail::checked_bytes(tensor.shape, tensor.type);
    if (tensor.type == dtype::other)
      detail::refuse_tensor(file, tensor.name, {"expected a known dtype, found another"});
    if (!bytes || *bytes > (std::numeric_limits<std::uint64_t>::max)() / 2 - offset) {
      detail::refuse_tensor(file, tensor.name, {"impossible shape ", tensor.shape});
    }
    if (*bytes > 0 && tensor.data == nullptr) detail::refuse_tensor(file, tensor.name, {"expected data, found null"});
    if (json.size() > 1) json += ',';
    detail::append_json_string(json, tensor.name);
    detail::append(json, {":{\"dtype\":\"", name_of(tensor.type), "\",\"shape\":", tensor.shape, ",\"data_offsets\":[",
                          offset, ",", offset + *bytes, "]}"});
    offset += *bytes;
  }
  json += '}';
  json.append((8 - json.size() % 8) % 8, ' ');
  if (json.size() > max_header_bytes) {
    detail::refuse(file, {"expected a header of at most ", max_header_bytes, " bytes, found ", json.size()});
  }
  // What is written must be readable: this finds names that occur twice and text that is not UTF-8.
  parse_safetensors_header(json, offset, file);
  std::string header(8, '\0');
  std::uint64_t const length = json.size();
  for (std::size_t i = 0; i < 8; ++i) header[i] = static_cast<char>((length >> (8 * i)) & 0xff);
  return header + json;
}

}  // namespace io
S2RM_NAMESPACE_END
