#include "eider/io/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "eider/base/error.h"

namespace eider::io {
namespace {

constexpr const char* kAdvice = "EIDER_SPILL_FOLDER names another folder for temporary files";

/// For file systems that cannot make a file without a name.
int OpenAndUnlink(const std::string& folder) {
  std::string path = folder + "/eider-spill-XXXXXX";
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(path.c_str());
  return fd;
}

UniqueFd OpenNameless(const std::string& folder) {
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) fd = OpenAndUnlink(folder);
  if (fd < 0) {
    const int code = errno;
    InContext([] { return kAdvice; }, [&] { ThrowErrno("make a temporary file in", folder, code); });
  }
  return UniqueFd(fd);
}

}  // namespace

std::string SpillFolder() {
  for (const char* variable : {"EIDER_SPILL_FOLDER", "TMPDIR"}) {
    const char* folder = std::getenv(variable);
    if (folder && *folder) return folder;
  }
  return "/var/tmp";
}

TemporaryFile::TemporaryFile(std::string folder) : folder_(std::move(folder)), fd_(OpenNameless(folder_)) {}

void TemporaryFile::Append(ByteSpan bytes) {
  InContext([this] { return fmt::format("a temporary file of {} bytes ({})", size_, kAdvice); }, [&] { WriteAll(fd_.get(), bytes, folder_); });
  size_ += bytes.size();
}

}  // namespace eider::io
