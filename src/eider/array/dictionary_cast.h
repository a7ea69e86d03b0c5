#pragma once
/// \file
/// Values as a dictionary array, and dictionary arrays with keys of another type. The way back is DecodeDictionary (take.h).

#include <eider/array.h>

namespace eider {

/// The values as an array of the dictionary type `type`, whose value type is theirs: each distinct one once, by first use.
/// \throws Error(kInvalid) when there are more than the keys can name
ArrayPtr EncodeDictionary(const ArrayPtr& values, const TypePtr& type);

/// A dictionary array whose keys are those of `type`. The dictionary stays as it is where they can name all of it; otherwise only the
/// values that rows have stay. \throws Error(kInvalid) when these are too many, or for a key past the end
ArrayPtr RekeyDictionary(const ArrayPtr& array, const TypePtr& type);

}  // namespace eider
