#include "eider/expr/substrait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/expr/parser.h"
#include "eider/proto/substrait.pb.h"

namespace eider::expr {
namespace {

using ::testing::HasSubstr;
namespace proto = ::eider::substrait;

/// A message over columns `a`, `odd``name` and `st` with the field `y`, with functions declared by name.
struct Message {
  proto::ExtendedExpression root;

  Message() {
    for (const char* name : {"a", "odd`name", "st", "y"}) root.mutable_base_schema()->add_names(name);
    proto::Struct* structure = root.mutable_base_schema()->mutable_struct_();
    structure->add_types()->mutable_i32();
    structure->add_types()->mutable_string();
    structure->add_types()->mutable_struct_()->add_types()->mutable_i64();
  }
  proto::Expression* condition() {
    if (root.referred_expr_size() == 0) root.add_referred_expr();
    return root.mutable_referred_expr(0)->mutable_expression();
  }
  proto::Expression::ScalarFunction* Call(proto::Expression* at, const std::string& name) {
    proto::ExtensionDeclaration::Named* declared = root.add_extensions()->mutable_extension_function();
    declared->set_anchor(uint32_t(root.extensions_size()));
    declared->set_name(name);
    at->mutable_scalar_function()->set_function_reference(uint32_t(root.extensions_size()));
    return at->mutable_scalar_function();
  }
  static void SetField(proto::Expression* at, int place, int child = -1) {
    auto* field = at->mutable_selection()->mutable_direct_reference()->mutable_struct_field();
    field->set_field(place);
    if (child >= 0) field->mutable_child()->mutable_struct_field()->set_field(child);
  }
  SubstraitCondition Read() const {
    const std::string bytes = root.SerializeAsString();
    return ReadSubstrait({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  }
  std::string Failure() const {
    try {
      Read();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST(SubstraitTest, FieldsAreNamedByTheSchemaOfTheMessage) {
  Message message;
  auto* call = message.Call(message.condition(), "equal:any_any");
  Message::SetField(call->add_arguments()->mutable_value(), 1);
  call->add_arguments()->mutable_value()->mutable_literal()->set_string("x");
  EXPECT_EQ(message.Read().text, "(`odd``name` = $1)");
  Message::SetField(call->mutable_arguments(0)->mutable_value(), 2, 0);
  EXPECT_EQ(message.Read().text, "(`st`.`y` = $1)");
  Message::SetField(call->mutable_arguments(0)->mutable_value(), 3);
  EXPECT_THAT(message.Failure(), HasSubstr("field 3 of 3"));
}

TEST(SubstraitTest, StructsInListsHaveNamesOrNone) {
  for (const bool has_names : {false, true}) {
    Message message;
    auto* schema = message.root.mutable_base_schema();
    proto::Struct* inner = schema->mutable_struct_()->add_types()->mutable_list()->mutable_type()->mutable_struct_();
    inner->add_types()->mutable_i64();
    inner->add_types()->mutable_map()->mutable_key()->mutable_string();
    inner->mutable_types(1)->mutable_map()->mutable_value()->mutable_struct_()->add_types()->mutable_i64();
    schema->mutable_struct_()->add_types()->mutable_i64();
    schema->add_names("list");
    if (has_names) for (const char* name : {"k", "map", "v"}) schema->add_names(name);
    schema->add_names("last");
    auto* call = message.Call(message.condition(), "is_null");
    Message::SetField(call->add_arguments()->mutable_value(), 4);
    EXPECT_EQ(message.Read().text, "(`last` IS NULL)");
    schema->mutable_names()->RemoveLast();
    EXPECT_THAT(message.Failure(), HasSubstr("names, which are too few"));
  }
}

TEST(SubstraitTest, LongChainsAreFlat) {
  Message message;
  proto::Expression* at = message.condition();
  for (int i = 0; i < 400; ++i) {
    auto* call = message.Call(at, "and");
    Message::SetField(call->add_arguments()->mutable_value()->mutable_cast()->mutable_input(), 0);
    call->mutable_arguments(0)->mutable_value()->mutable_cast()->mutable_type()->mutable_bool_();
    at = call->add_arguments()->mutable_value();
  }
  at->mutable_literal()->set_boolean(true);
  EXPECT_NO_THROW(ParseSyntax(message.Read().text));
}

TEST(SubstraitTest, WhatIsNotReadIsNamed) {
  Message message;
  EXPECT_THAT(message.Failure(), HasSubstr("0 expressions"));
  auto* call = message.Call(message.condition(), "median");
  call->add_arguments()->mutable_value()->mutable_literal()->set_i32(1);
  EXPECT_THAT(message.Failure(), HasSubstr("the function 'median' of 1 arguments"));
  call->set_function_reference(77);
  EXPECT_THAT(message.Failure(), HasSubstr("function 77 is not declared"));
  message.condition()->mutable_literal()->mutable_user_defined()->set_type_reference(5);
  EXPECT_THAT(message.Failure(), HasSubstr("type 5 is not declared"));
  message.condition()->mutable_literal()->set_i8(1000);
  EXPECT_THAT(message.Failure(), HasSubstr("int8 that is 1000"));
  message.condition()->mutable_literal()->mutable_decimal()->set_value("short");
  EXPECT_THAT(message.Failure(), HasSubstr("a decimal of 5 bytes"));
  const std::string junk = "not a message";
  EXPECT_THROW(ReadSubstrait({reinterpret_cast<const uint8_t*>(junk.data()), junk.size()}), Error);
}

}  // namespace
}  // namespace eider::expr
