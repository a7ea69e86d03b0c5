// Precompiled header of every test program: that of the modules, and the test framework.
#include "pch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
