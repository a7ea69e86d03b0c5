#include <cerrno>
#include <cstring>
#include <new>

#include <eider/arrow_c.h>

#include "eider/base/error.h"

namespace eider {
namespace {

ErrorKind KindOf(int code) {
  switch (code) {
    case EINVAL: return ErrorKind::kInvalid;
    case ENOSYS: return ErrorKind::kUnsupported;
    case ECANCELED: return ErrorKind::kCancelled;
    case ENOMEM: return ErrorKind::kOutOfBudget;
    default: return ErrorKind::kIo;
  }
}

int CodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid: return EINVAL;
    case ErrorKind::kUnsupported: return ENOSYS;
    case ErrorKind::kCancelled: return ECANCELED;
    case ErrorKind::kOutOfBudget: return ENOMEM;
    default: return EIO;
  }
}

class ImportedReader final : public RecordBatchReader {
 public:
  explicit ImportedReader(ArrowArrayStream* c) : c_(*c) {
    c->release = nullptr;
    if (!c_.release) throw Invalid("arrow stream: already released");
    try {
      ReadSchema();
    } catch (...) {
      c_.release(&c_);
      throw;
    }
  }
  ~ImportedReader() override {
    if (c_.release) c_.release(&c_);
  }
  const SchemaPtr& schema() const override { return schema_; }

  std::optional<RecordBatch> Next() override {
    ArrowArray array{};
    Check(c_.get_next(&c_, &array), "get_next");
    if (!array.release) return std::nullopt;
    return ImportBatch(&array, schema_);
  }

 private:
  void ReadSchema() {
    ArrowSchema schema{};
    Check(c_.get_schema(&c_, &schema), "get_schema");
    schema_ = std::make_shared<const Schema>(ImportSchema(&schema));
  }
  void Check(int code, const char* call) {
    if (code == 0) return;
    const char* message = c_.get_last_error ? c_.get_last_error(&c_) : nullptr;
    throw MakeError(KindOf(code), "arrow stream: {}: {}", call, message ? message : std::strerror(code));
  }

  ArrowArrayStream c_;
  SchemaPtr schema_;
};

struct ExportedStream {
  std::shared_ptr<RecordBatchReader> reader;
  std::string last_error;

  int Fail(int code, const char* message) noexcept {
    try {
      last_error = message;
    } catch (...) {
      last_error.clear();
    }
    return code;
  }
};

/// Runs `body` behind the C boundary: no exception leaves it.
template <typename Body>
int Guarded(ArrowArrayStream* c, Body&& body) noexcept {
  auto* stream = static_cast<ExportedStream*>(c->private_data);
  try {
    stream->last_error.clear();
    body(*stream);
    return 0;
  } catch (const Error& error) {
    return stream->Fail(CodeOf(error.kind()), error.what());
  } catch (const std::bad_alloc&) {
    return stream->Fail(ENOMEM, "out of memory");
  } catch (const std::exception& error) {
    return stream->Fail(EIO, error.what());
  } catch (...) {
    return stream->Fail(EIO, "unknown exception");
  }
}

int StreamGetSchema(ArrowArrayStream* c, ArrowSchema* out) {
  return Guarded(c, [out](ExportedStream& stream) { ExportSchema(*stream.reader->schema(), out); });
}

int StreamGetNext(ArrowArrayStream* c, ArrowArray* out) {
  return Guarded(c, [out](ExportedStream& stream) {
    *out = ArrowArray{};
    if (const std::optional<RecordBatch> batch = stream.reader->Next()) ExportBatch(*batch, out);
  });
}

const char* StreamLastError(ArrowArrayStream* c) {
  const auto* stream = static_cast<ExportedStream*>(c->private_data);
  return stream->last_error.empty() ? nullptr : stream->last_error.c_str();
}

void StreamRelease(ArrowArrayStream* c) {
  delete static_cast<ExportedStream*>(c->private_data);
  c->release = nullptr;
}

}  // namespace

std::unique_ptr<RecordBatchReader> ImportStream(ArrowArrayStream* c) { return std::make_unique<ImportedReader>(c); }

void ExportStream(std::shared_ptr<RecordBatchReader> reader, ArrowArrayStream* out) {
  auto stream = std::make_unique<ExportedStream>();
  stream->reader = std::move(reader);
  *out = ArrowArrayStream{&StreamGetSchema, &StreamGetNext, &StreamLastError, &StreamRelease, stream.release()};
}

}  // namespace eider
