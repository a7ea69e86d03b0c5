#pragma once
/// \file
/// Lance schema <-> the Field messages of files and manifests: depth-first lists linked by parent ids. What the messages
/// hold beyond LanceField (fields of newer versions, 0.1 dictionaries) is kept in LanceField::unknown_fields.

#include <eider/schema.h>

#include "eider/proto/file2.pb.h"

namespace eider {

using FieldProtos = ::google::protobuf::RepeatedPtrField<::lance::file::Field>;
using MetadataProto = ::google::protobuf::Map<std::string, std::string>;

/// \throws Error(kCorrupt) for a parent that does not come before its child.
LanceSchema SchemaFromProto(const FieldProtos& fields, const MetadataProto& metadata);
void SchemaToProto(const LanceSchema& schema, FieldProtos* fields, MetadataProto* metadata);

}  // namespace eider
