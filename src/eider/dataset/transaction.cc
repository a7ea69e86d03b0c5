#include <eider/transaction.h>

#include "eider/base/error.h"
#include "eider/base/parse_message.h"
#include "eider/dataset/table_dataset.h"
#include "eider/mutate/maintain.h"
#include "eider/mutate/worker.h"
#include "eider/mutate/write.h"
#include "eider/schema/field_proto.h"

namespace eider {

std::string WriteUncommitted(RecordBatchReader& data, const std::string& uri, const WriteOptions& options) {
  return InContext([&] { return fmt::format("dataset '{}'", uri); },
                   [&] { return mutate::WriteUncommitted(io::OpenStore(uri), data, options).SerializeAsString(); });
}

DatasetPtr CommitTransaction(const std::string& uri, const std::string& transaction, const CommitOptions& options, const Dataset* through) {
  return InContext([&] { return fmt::format("dataset '{}'", uri); }, [&] {
    table::TransactionProto message;
    if (!ParseMessage(SpanOf(transaction), &message)) throw Invalid("transaction: {} bytes do not parse", transaction.size());
    table::Snapshot snapshot = mutate::CommitTransaction(StoreFor(uri, through), std::move(message), options);
    const std::shared_ptr<Session> session = options.session ? options.session : Session::Default();
    if (!options.detached) mutate::Maintain(snapshot, {.sync = mutate::SyncsFor(options.durability)}, session);
    return MakeDataset(uri, std::move(snapshot), session);
  });
}

std::vector<std::string> FieldMessages(const LanceSchema& schema) {
  FieldProtos fields;
  MetadataProto ignored;
  SchemaToProto(schema, &fields, &ignored);
  std::vector<std::string> messages;
  for (const auto& field : fields) messages.push_back(field.SerializeAsString());
  return messages;
}

LanceSchema SchemaOfMessages(const std::vector<std::string>& fields, const KeyValues& metadata) {
  FieldProtos protos;
  for (const std::string& field : fields) {
    if (!ParseMessage(SpanOf(field), protos.Add())) throw Invalid("schema: a field of {} bytes does not parse", field.size());
  }
  MetadataProto map;
  for (const auto& [key, value] : metadata) map[key] = value;
  return SchemaFromProto(protos, map);
}

}  // namespace eider
