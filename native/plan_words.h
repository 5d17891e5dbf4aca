// The form in which a plan crosses the border: one flat array of 64-bit words, each a double that
// holds an integer below 2^53 or a real. src/device/native/planWords.ts writes it; a test keeps the
// two files' numbers equal. Offsets and sizes are bytes, dimensions are elements.
#pragma once

namespace gnnsched::words {

constexpr double kMagic = 0x474e4e50;  // "GNNP"
constexpr int kVersion = 4;

// header
constexpr int kHeaderWords = 8;
constexpr int kHeadMagic = 0;
constexpr int kHeadVersion = 1;
constexpr int kHeadOps = 2;
constexpr int kHeadSlots = 3;
constexpr int kHeadOutputOffset = 4;
constexpr int kHeadOutputRows = 5;
constexpr int kHeadOutputCols = 6;
constexpr int kHeadOutputSlot = 7;  // kSlotArena, or a host slot that the plan stores it in

// one operator
constexpr int kOpWords = 72;
constexpr int kOpKind = 0;
constexpr int kOpM = 1;
constexpr int kOpK = 2;
constexpr int kOpN = 3;
constexpr int kOpNnz = 4;
constexpr int kOpHeads = 5;
constexpr int kOpHeadWidth = 6;
constexpr int kOpCount = 7;  // graphs of a readout, rows of a gather
constexpr int kOpFlags = 8;
constexpr int kOpReduce = 9;
constexpr int kOpActivation = 10;
constexpr int kOpParameter = 11;
constexpr int kOpSelfCoefficient = 12;
constexpr int kOpNegativeSlope = 13;
constexpr int kOpRowWorkWords = 14;
constexpr int kOpScratchWords = 15;
// products + 4 * storage of x + 16 * of y + 64 * of the addend
constexpr int kOpPrecision = 16;

// its operands: three words each (slot, offset, ld)
constexpr int kOperands = 18;
constexpr int kOperandWords = 3;
constexpr int kSlotArena = -1;
constexpr int kSlotAbsent = -2;
constexpr int kX = 0;  // a of a gemm
constexpr int kB = 1;  // att of a gatv2
constexpr int kY = 2;  // c of a gemm
constexpr int kRowOffsets = 3;
constexpr int kColIndices = 4;
constexpr int kValues = 5;
constexpr int kColScale = 6;
constexpr int kSelfWeight = 7;
constexpr int kScoreSrc = 8;
constexpr int kScoreDst = 9;  // target of a gatv2
constexpr int kRowScale = 10;
constexpr int kAddend = 11;
constexpr int kBias = 12;
constexpr int kAffineScale = 13;
constexpr int kAffineShift = 14;
constexpr int kRows = 15;  // rows of a gather, graphOffsets of a readout
constexpr int kRowWork = 16;
constexpr int kScratch = 17;

// flags
constexpr int kFlagConcat = 1;
constexpr int kFlagSelfLoops = 2;
constexpr int kFlagSkipSelf = 4;
constexpr int kFlagL2 = 8;
constexpr int kFlagAffineAfter = 16;

// kinds
constexpr int kGemm = 0;
constexpr int kSpmm = 1;
constexpr int kGat = 2;
constexpr int kDensify = 3;
constexpr int kRowwise = 4;
constexpr int kReadout = 5;
constexpr int kGather = 6;
constexpr int kLogSoftmax = 7;
constexpr int kGatv2 = 8;
constexpr int kCopy = 9;
constexpr int kAggGemm = 10;
constexpr int kKinds = 11;

// products: how a gemm multiplies
constexpr int kProductsFp32 = 0;
constexpr int kProductsTf32 = 1;
constexpr int kProductsFp16 = 2;
constexpr int kProductsBf16 = 3;

// storages: the enum of op_args.h
constexpr int kStorages = 3;

constexpr int kReduces = 3;
constexpr int kActivations = 8;

// in place of a grant: the slot lies in host memory
constexpr int kHostRead = -1;
constexpr int kHostWrite = -2;

// bounds that keep every product of two dimensions and a size within 64 bits
constexpr int kMaxOps = 65536;
constexpr int kMaxSlots = 4096;
constexpr double kMaxDimension = 2147483647.0;  // 2^31 - 1
constexpr double kMaxInteger = 9007199254740992.0;  // 2^53

}  // namespace gnnsched::words
