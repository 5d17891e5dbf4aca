// A GPU counts no sectors; what the counters are called is the emulator's.
#pragma once
#include "../../emulator/trace.h"
