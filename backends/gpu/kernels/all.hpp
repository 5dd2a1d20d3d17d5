// Everything that kernels.def names.
#pragma once

#include <isotrace/backends/gpu/kernels/byte_product.hpp>
#include <isotrace/backends/gpu/kernels/convert.hpp>
#include <isotrace/backends/gpu/kernels/deform.hpp>
#include <isotrace/backends/gpu/kernels/determinant.hpp>
#include <isotrace/backends/gpu/kernels/elementwise.hpp>
#include <isotrace/backends/gpu/kernels/hash.hpp>
#include <isotrace/backends/gpu/kernels/interpolate.hpp>
#include <isotrace/backends/gpu/kernels/math.hpp>
#include <isotrace/backends/gpu/kernels/move.hpp>
#include <isotrace/backends/gpu/kernels/ngrams.hpp>
#include <isotrace/backends/gpu/kernels/normalise_rows.hpp>
#include <isotrace/backends/gpu/kernels/product.hpp>
#include <isotrace/backends/gpu/kernels/quantise.hpp>
#include <isotrace/backends/gpu/kernels/reduce.hpp>
#include <isotrace/backends/gpu/kernels/region.hpp>
#include <isotrace/backends/gpu/kernels/scan.hpp>
#include <isotrace/backends/gpu/kernels/signal.hpp>
#include <isotrace/backends/gpu/kernels/skinny_product.hpp>
#include <isotrace/backends/gpu/kernels/tile_product.hpp>
#include <isotrace/backends/gpu/kernels/window.hpp>
