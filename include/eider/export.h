#pragma once
/// \file
/// Marks what the shared library shows; everything else is hidden.

#define EIDER_EXPORT __attribute__((visibility("default")))
