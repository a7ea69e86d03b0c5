#pragma once
/// \file
/// Digests: MD5 (RFC 1321) and SHA-2 (FIPS 180-4).

#include <string>
#include <string_view>

namespace eider::expr {

std::string Md5(std::string_view bytes);
std::string Sha224(std::string_view bytes);
std::string Sha256(std::string_view bytes);
std::string Sha384(std::string_view bytes);
std::string Sha512(std::string_view bytes);

}  // namespace eider::expr
