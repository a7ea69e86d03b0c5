#pragma once
/// \file
/// The Arrow C data and C stream interface (https://arrow.apache.org/docs/format/CDataInterface.html), both ways.

#include <eider/array.h>
#include <eider/export.h>

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4
extern "C" {
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};
struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};
}
#endif
#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
extern "C" {
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};
}
#endif

namespace eider {

/// Imports move out of `*c` (it is released or marked released) and never copy buffers. A producer's arrays are
/// trusted to match the interface, but every inconsistency that can be seen cheaply (buffer counts, negative lengths,
/// unknown formats) is an error. \throws Error(kUnsupported) for run-end encoded, union, list-view, interval types.
EIDER_EXPORT Field ImportField(ArrowSchema* c);
EIDER_EXPORT Schema ImportSchema(ArrowSchema* c);  ///< a struct schema: its children are the columns
EIDER_EXPORT ArrayPtr ImportArray(ArrowArray* c, const TypePtr& type);
EIDER_EXPORT RecordBatch ImportBatch(ArrowArray* c, const SchemaPtr& schema);
EIDER_EXPORT std::unique_ptr<RecordBatchReader> ImportStream(ArrowArrayStream* c);

/// Exports share the buffers; the consumer's release drops the references.
EIDER_EXPORT void ExportField(const Field& field, ArrowSchema* out);
EIDER_EXPORT void ExportSchema(const Schema& schema, ArrowSchema* out);
EIDER_EXPORT void ExportArray(const ArrayPtr& array, ArrowArray* out);
EIDER_EXPORT void ExportBatch(const RecordBatch& batch, ArrowArray* out);  ///< as a struct array
EIDER_EXPORT void ExportStream(std::shared_ptr<RecordBatchReader> reader, ArrowArrayStream* out);

}  // namespace eider
