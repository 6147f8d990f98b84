#pragma once
// What formulas of TTree::Draw compute with: rdfplugins/formula_tree.py writes them as C++ in these functions. They
// have values of TTreeFormula where those of <cmath> are NaN or infinite: a classifier was trained on them. NaN stays
// NaN. The names are such that no branch has them, as RDataFrame replaces names of columns in expressions.

#include <cmath>
#include <cstddef>
#include <limits>

inline double rdfp_tree_zero(double x) { return std::isnan(x) ? x : 0.0; }

inline double rdfp_tree_divide(double a, double b) { return b == 0.0 ? rdfp_tree_zero(a) : a / b; }
// Of the whole parts. Without conversions to integers: those of large numbers are not defined.
inline double rdfp_tree_modulo(double a, double b) { return std::fmod(std::trunc(a), std::trunc(b)) + 0.0; }
inline double rdfp_tree_pow(double a, double b) { return std::pow(a, b); }

inline double rdfp_tree_sqrt(double x) { return std::sqrt(std::abs(x)); }
inline double rdfp_tree_log(double x) { return x > 0.0 ? std::log(x) : rdfp_tree_zero(x); }
inline double rdfp_tree_log10(double x) { return x > 0.0 ? std::log10(x) : rdfp_tree_zero(x); }
inline double rdfp_tree_exp(double x) { return x < -700.0 ? 0.0 : std::exp(x > 700.0 ? 700.0 : x); }
inline double rdfp_tree_asin(double x) { return std::abs(x) > 1.0 ? 0.0 : std::asin(x); }
inline double rdfp_tree_acos(double x) { return std::abs(x) > 1.0 ? 0.0 : std::acos(x); }
inline double rdfp_tree_acosh(double x) { return x < 1.0 ? 0.0 : std::acosh(x); }
inline double rdfp_tree_atanh(double x) { return std::abs(x) > 1.0 ? 0.0 : std::atanh(x); }
inline double rdfp_tree_int(double x) { return std::trunc(x) + 0.0; } // no -0
inline double rdfp_tree_sign(double x) { return std::isnan(x) ? x : x < 0.0 ? -1.0 : 1.0; }
inline double rdfp_tree_sq(double x) { return x * x; }
inline double rdfp_tree_min(double a, double b) { return b < a ? b : a; }
inline double rdfp_tree_max(double a, double b) { return a < b ? b : a; }

inline double rdfp_tree_abs(double x) { return std::abs(x); }
inline double rdfp_tree_floor(double x) { return std::floor(x); }
inline double rdfp_tree_ceil(double x) { return std::ceil(x); }
inline double rdfp_tree_rint(double x) { return std::rint(x); }
inline double rdfp_tree_sin(double x) { return std::sin(x); }
inline double rdfp_tree_cos(double x) { return std::cos(x); }
inline double rdfp_tree_tan(double x) { return std::tan(x); }
inline double rdfp_tree_atan(double x) { return std::atan(x); }
inline double rdfp_tree_atan2(double a, double b) { return std::atan2(a, b); }
inline double rdfp_tree_sinh(double x) { return std::sinh(x); }
inline double rdfp_tree_cosh(double x) { return std::cosh(x); }
inline double rdfp_tree_tanh(double x) { return std::tanh(x); }
inline double rdfp_tree_asinh(double x) { return std::asinh(x); }
inline double rdfp_tree_hypot(double a, double b) { return std::hypot(a, b); }
inline double rdfp_tree_fmod(double a, double b) { return std::fmod(a, b); }
inline double rdfp_tree_isnan(double x) { return std::isnan(x); }
inline double rdfp_tree_isfinite(double x) { return std::isfinite(x); }

// Those of TMath, which are as in <cmath>.
inline double rdfp_tree_plain_sqrt(double x) { return std::sqrt(x); }
inline double rdfp_tree_plain_log(double x) { return std::log(x); }
inline double rdfp_tree_plain_log10(double x) { return std::log10(x); }
inline double rdfp_tree_plain_log2(double x) { return std::log2(x); }
inline double rdfp_tree_plain_exp(double x) { return std::exp(x); }
inline double rdfp_tree_plain_min(double a, double b) { return a <= b ? a : b; }
inline double rdfp_tree_plain_max(double a, double b) { return a >= b ? a : b; }
inline double rdfp_tree_Pi() { return M_PI; }
inline double rdfp_tree_TwoPi() { return 2.0 * M_PI; }
inline double rdfp_tree_PiOver2() { return M_PI / 2.0; }
inline double rdfp_tree_DegToRad() { return M_PI / 180.0; }
inline double rdfp_tree_RadToDeg() { return 180.0 / M_PI; }

// An element of a collection; NaN in an event that has no such element.
template <class Collection> double rdfp_tree_element(const Collection &values, std::size_t index) {
  return index < values.size() ? static_cast<double>(values[index]) : std::numeric_limits<double>::quiet_NaN();
}
