#!/usr/bin/env bash
# Behaviour: Writer::Double(NaN) returns false and writes nothing; EndObject() then returns true and IsComplete() is
# true for the text {"loss":}.
# One would guess: it writes null, as JavaScript and nlohmann::json do, or NaN, as Python does, or the document is not
# complete.
# Seen with: RapidJSON 1.1.0 (Debian rapidjson-dev 1.1.0+dfsg2-7.1)
# For a modeller: a log line or a manifest of a diverged run is no JSON, and the reader fails much later. Test
# isfinite() before writing.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# Debian 12's package, unpacked here and not installed.
apt-get -qq -o APT::Sandbox::User=root download 'rapidjson-dev=1.1.0+dfsg2-7.1'
for package in *.deb; do dpkg -x "$package" root; done
cat >program.cpp <<'CPP'
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <cstdio>
#include <limits>
#include <string>

int main() {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  writer.StartObject();
  writer.Key("loss");
  bool const value = writer.Double(std::numeric_limits<double>::quiet_NaN());
  bool const end = writer.EndObject();
  bool const complete = writer.IsComplete();
  rapidjson::Document document;
  bool const refused = document.Parse(text.GetString()).HasParseError();
  std::printf("RapidJSON %s; guess: null, or not complete\n", RAPIDJSON_VERSION_STRING);
  std::printf("%s Double %d, EndObject %d, IsComplete %d; its own parser refuses it: %d\n", text.GetString(), value, end,
              complete, refused);
  bool const as_recorded = std::string(text.GetString()) == "{\"loss\":}" && !value && end && complete && refused;
  std::puts(as_recorded ? "as recorded" : "changed");
  return as_recorded ? 0 : 1;
}
CPP
g++ -std=c++17 -O1 -isystem root/usr/include program.cpp -o program
./program
