#pragma once
/// \file
/// The JSON header of a safetensors file, read. The only file that sees the JSON library.
///
/// The header is an object {"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, ..} with an optional
/// "__metadata__": {"key": "value", ..} or null. It is read as a stream of events: no tree is built, and a key that occurs
/// twice (which tree parsers silently drop) is seen and refused. As the format's own reader does, attributes of a tensor
/// besides the three are passed over, and a type that is not known is no fault of the tensors beside it.
///
/// RapidJSON's reader costs 0.3 s of compile time per program where nlohmann-json's costs 3.6 s (g++ 12 -O2), and every
/// program that saves a model pays it.

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "s2rm/io/message.hpp"
#include "s2rm/io/tensor_info.hpp"

S2RM_NAMESPACE_BEGIN
namespace io {

/// Longest header accepted or written. A model has some dozens of tensors; the format's own limit, 100 MB, would let a
/// hostile file cost seconds and gigabytes before it is refused.
inline constexpr std::uint64_t max_header_bytes = std::uint64_t{1} << 18;

/// The most that a reader accepts. A file that holds more is refused before memory is allocated.
struct safetensors_limits {
  std::uint64_t header = max_header_bytes;                  ///< bytes
  std::uint64_t payload = std::uint64_t{1} << 32;           ///< bytes of tensors; 4 GiB
  std::uint64_t tensors = 1024, rank = 8, metadata = 1024;  ///< how many tensors; extents of one; metadata entries
};

/// A header's content, in the order of the file.
struct safetensors_header {
  std::vector<tensor_info> tensors;
  std::vector<metadata_entry> metadata;
};

namespace detail {

/// RapidJSON, under whatever name the program gives it.
namespace rapid = ::RAPIDJSON_NAMESPACE;

/// Receives the JSON events in the one order the format allows; returning false ends the parse.
class header_events : public rapid::BaseReaderHandler<rapid::UTF8<>, header_events> {
 public:
  explicit header_events(safetensors_limits const& limits) : limits_(limits) {}

  safetensors_header header;
  std::string problem;  ///< why an event was refused; empty for errors of JSON itself

  bool Null() {
    if (where_ == place::metadata_start) where_ = place::names;  // what writers without metadata may leave
    else return scalar("null");
    return true;
  }
  bool Default() { return scalar("a boolean"); }
  bool Int(int) { return scalar("a negative number"); }
  bool Int64(std::int64_t) { return scalar("a negative number"); }
  bool Uint(unsigned value) { return Uint64(value); }
  bool Double(double) { return scalar("a number that is not an integer"); }
  bool RawNumber(char const*, rapid::SizeType, bool) { return scalar("a number"); }

  bool Uint64(std::uint64_t value) {
    if (where_ == place::shape_list) {
      if (value > static_cast<std::uint64_t>((std::numeric_limits<index_t>::max)())) {
        return fail({"'shape' holds ", value, ", beyond any memory"});
      }
      if (tensor().shape.size() == limits_.rank) {
        return fail({"'shape': expected at most ", limits_.rank, " extents, found more (safetensors_limits::rank)"});
      }
      tensor().shape.push_back(static_cast<index_t>(value));
      return true;
    }
    if (where_ == place::offset_list) {
      if (offsets_ == 2) return fail({"'data_offsets': expected 2 numbers, found more"});
      (offsets_++ == 0 ? tensor().begin : tensor().end) = value;
      return true;
    }
    return scalar("a number");
  }

  bool String(char const* text, rapid::SizeType length, bool) {
    std::string_view const value(text, length);
    if (where_ == place::metadata_value) {
      header.metadata.back().value = value;
      where_ = place::metadata;
      return true;
    }
    if (where_ == place::dtype_value) {
      tensor().type = dtype_named(value).value_or(dtype::other);
      if (tensor().type == dtype::other) tensor().other_type = value;
      where_ = place::attributes;
      return true;
    }
    return scalar("a string");
  }

  bool StartObject() {
    if (where_ == place::passed_over) return deeper();
    if (where_ == place::start) where_ = place::names;
    else if (where_ == place::tensor_value) where_ = place::attributes;
    else if (where_ == place::metadata_start) where_ = place::metadata;
    else return misplaced("an object");
    return true;
  }

  bool Key(char const* text, rapid::SizeType length, bool) {
    if (where_ == place::passed_over) return true;
    if (length > longest_name) {
      return fail({"expected names of at most ", longest_name, " bytes, found ", std::uint64_t{length}});
    }
    std::string name(text, length);
    if (where_ == place::names) return begin_entry(std::move(name));
    if (where_ == place::metadata) {
      if (header.metadata.size() == limits_.metadata) {
        return fail(
            {"expected at most ", limits_.metadata, " metadata entries, found more (safetensors_limits::metadata)"});
      }
      if (!metadata_keys_.insert(name).second) return fail({"the metadata key ", quoted{name}, " occurs twice"});
      header.metadata.push_back({std::move(name), {}});
      where_ = place::metadata_value;
      return true;
    }
    return begin_attribute(name);
  }

  bool EndObject(rapid::SizeType) {
    if (where_ == place::passed_over) return shallower();
    if (where_ == place::attributes) {
      if (seen_ != (has_dtype | has_shape | has_offsets)) {
        return fail({"expected 'dtype', 'shape' and 'data_offsets', found fewer"});
      }
      where_ = place::names;
    } else if (where_ == place::metadata) {
      where_ = place::names;
    } else {
      where_ = place::finished;
    }
    return true;
  }

  bool StartArray() {
    if (where_ == place::passed_over) return deeper();
    if (where_ == place::shape_value) where_ = place::shape_list;
    else if (where_ == place::offset_value) where_ = place::offset_list;
    else return misplaced("an array");
    return true;
  }

  bool EndArray(rapid::SizeType) {
    if (where_ == place::passed_over) return shallower();
    if (where_ == place::offset_list && offsets_ != 2) return fail({"'data_offsets': expected 2 numbers, found fewer"});
    where_ = place::attributes;
    return true;
  }

 private:
  enum class place {
    start,
    names,
    tensor_value,
    attributes,
    dtype_value,
    shape_value,
    shape_list,
    offset_value,
    offset_list,
    passed_over,
    metadata_start,
    metadata,
    metadata_value,
    finished
  };
  static constexpr std::uint64_t longest_name = 1024, deepest = 32;
  static constexpr unsigned has_dtype = 1, has_shape = 2, has_offsets = 4;

  tensor_info& tensor() { return header.tensors.back(); }

  /// A value that is neither object nor array.
  bool scalar(char const* what) {
    if (where_ != place::passed_over) return misplaced(what);
    if (depth_ == 0) where_ = place::attributes;
    return true;
  }
  /// Into and out of the value of an attribute that is passed over. Its depth is bounded: the parser recurses.
  bool deeper() {
    if (depth_ == deepest) return fail({"expected attributes of at most ", deepest, " levels, found more"});
    ++depth_;
    return true;
  }
  bool shallower() {
    if (--depth_ == 0) where_ = place::attributes;
    return true;
  }

  [[gnu::noinline, gnu::cold]] bool fail(pieces what) {
    // Nothing fails at the start: the text begins with '{'.
    bool const inside = where_ > place::names && where_ < place::metadata_start;
    if (inside) append(problem, {"tensor ", quoted{tensor().name}, ": "});
    append(problem, what);
    return false;
  }
  [[gnu::noinline, gnu::cold]] bool misplaced(char const* what) {
    switch (where_) {
      case place::dtype_value: return fail({"'dtype': expected a string, found ", what});
      case place::shape_value:
      case place::shape_list: return fail({"'shape': expected a list of sizes, found ", what});
      case place::offset_value:
      case place::offset_list: return fail({"'data_offsets': expected a list of offsets, found ", what});
      case place::metadata_value:
        return fail({"metadata ", quoted{header.metadata.back().key}, ": expected a string, found ", what});
      case place::metadata_start: return fail({"'__metadata__': expected an object or null, found ", what});
      case place::start:
      case place::names:
      case place::tensor_value:
      case place::attributes:
      case place::passed_over:
      case place::metadata:
      case place::finished: break;
    }
    return fail({"expected an object, found ", what});
  }

  bool begin_entry(std::string name) {
    if (!names_.insert(name).second) return fail({"the name ", quoted{name}, " occurs twice"});
    if (name == "__metadata__") {
      where_ = place::metadata_start;
      return true;
    }
    if (header.tensors.size() == limits_.tensors) {
      return fail({"expected at most ", limits_.tensors, " tensors, found more (safetensors_limits::tensors)"});
    }
    header.tensors.emplace_back();
    tensor().name = std::move(name);
    where_ = place::tensor_value;
    seen_ = 0;
    offsets_ = 0;
    return true;
  }

  bool begin_attribute(std::string const& name) {
    unsigned attribute = 0;
    if (name == "dtype") attribute = has_dtype, where_ = place::dtype_value;
    else if (name == "shape") attribute = has_shape, where_ = place::shape_value;
    else if (name == "data_offsets") attribute = has_offsets, where_ = place::offset_value;
    else where_ = place::passed_over;
    if ((seen_ & attribute) != 0) return fail({"the attribute ", quoted{name}, " occurs twice"});
    seen_ |= attribute;
    return true;
  }

  safetensors_limits limits_;
  place where_ = place::start;
  unsigned seen_ = 0;
  int offsets_ = 0;
  std::uint64_t depth_ = 0;
  std::set<std::string> names_;
  std::set<std::string> metadata_keys_;
};

/// The tensors in the order of their bytes. Pointers are sorted, not tensors: a sort of their strings and lists is
/// several times as much code.
inline std::vector<tensor_info const*> in_file_order(std::span<tensor_info const> tensors) {
  std::vector<tensor_info const*> order;
  order.reserve(tensors.size());
  for (auto const& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](tensor_info const* a, tensor_info const* b) {
    return a->begin != b->begin ? a->begin < b->begin : a->end < b->end;
  });
  return order;
}

/// Every tensor is as long as its shape and type say, where the type is known, and together they cover the payload
/// exactly once.
inline void check_layout(std::vector<tensor_info> const& tensors, std::uint64_t payload, std::string const& file) {
  for (auto const& tensor : tensors) {
    auto const bytes = checked_bytes(tensor.shape, tensor.type);
    if (!bytes) refuse_tensor(file, tensor.name, {"the shape ", tensor.shape, " overflows"});
    if (tensor.begin > tensor.end || tensor.end > payload) {
      refuse_tensor(file, tensor.name,
                    {"expected offsets within 0..", payload, ", found [", tensor.begin, ", ", tensor.end, "]"});
    }
    if (tensor.type != dtype::other && tensor.end - tensor.begin != *bytes) {
      refuse_tensor(file, tensor.name,
                    {"expected ", *bytes, " bytes for ", name_of(tensor.type), " ", tensor.shape, ", found ",
                     tensor.end - tensor.begin});
    }
  }
  std::uint64_t expected = 0;
  for (auto const* const tensor : in_file_order(tensors)) {
    if (tensor->begin != expected) {
      refuse_tensor(file, tensor->name,
                    {"expected to begin at byte ", expected, ", found ", tensor->begin,
                     tensor->begin < expected ? " (tensors overlap)" : " (a hole before it)"});
    }
    expected = tensor->end;
  }
  if (expected != payload) {
    refuse(file, {"expected ", expected, " bytes of tensors, found ", payload});
  }
}

/// The JSON of a header, an empty view where it does not begin with '{' and end with '}'. Only spaces may pad it: the parser
/// alone would also take other blanks, and stop at a zero byte.
inline std::string_view json_of(std::string_view padded) {
  auto const text = padded.substr(0, padded.find_last_not_of(' ') + 1);
  return text.starts_with('{') && text.ends_with('}') ? text : std::string_view{};
}

}  // namespace detail

/// Reads the JSON text of a header and checks all of it against a payload of `payload` bytes: byte count == dtype x
/// shape (without overflow, of known dtypes), inside the payload, no overlap, no hole, no byte left over, no name twice,
/// within the limits.
/// \throws file_error naming `file`, the tensor, what was expected and what was found.
inline safetensors_header parse_safetensors_header(std::string_view json, std::uint64_t payload,
                                                   std::string const& file, safetensors_limits const& limits = {}) {
  auto const text = detail::json_of(json);
  if (text.empty()) {
    detail::refuse(file, {"the header does not begin with '{' and end with '}'"});
  }
  detail::header_events events(limits);
  detail::rapid::MemoryStream stream(text.data(), text.size());
  detail::rapid::Reader reader;
  auto const result = reader.Parse<detail::rapid::kParseValidateEncodingFlag>(stream, events);
  if (result.IsError()) {
    if (!events.problem.empty()) detail::refuse(file, {events.problem});
    detail::refuse(file, {"the header is not valid JSON at byte ", result.Offset(), ": ",
                          detail::rapid::GetParseError_En(result.Code())});
  }
  if (stream.Tell() != text.size()) detail::refuse(file, {"the header goes on after its last brace"});
  detail::check_layout(events.header.tensors, payload, file);
  return std::move(events.header);
}

}  // namespace io
S2RM_NAMESPACE_END
