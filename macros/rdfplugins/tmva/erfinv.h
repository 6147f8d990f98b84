#pragma once
// The inverse of the error function. rdfplugins/inference/tmva/erfinv.py is the same in Python.

#include <cmath>
#include <cstddef>
#include <limits>

namespace rdfp {

namespace quantile {

// Numerator and denominator of the three rational functions of M. J. Wichura, "Algorithm AS 241", Applied Statistics 37
// (1988) 477, for the quantile of the normal distribution; highest power first.
constexpr double kCentre[2][8] = {
    {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125,
     1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080},
    {5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867, 5394.1960214247511077,
     687.18700749205790830, 42.313330701600911252, 1.0}};
constexpr double kTail[2][8] = {
    {7.74545014278341407640e-4, 2.27238449892691845833e-2, 0.241780725177450611770, 1.27045825245236838258,
     3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734},
    {1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 0.148103976427480074590,
     0.689767334985100004550, 1.67638483018380384940, 2.05319162663775882187, 1.0}};
constexpr double kFarTail[2][8] = {
    {2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
     0.296560571828504891230, 1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720},
    {2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
     1.48753612908506148525e-2, 0.136929880922735805310, 0.599832206555887937690, 1.0}};

inline double rational(const double (&terms)[2][8], double t) {
  double top = terms[0][0], bottom = terms[1][0];
  for (std::size_t power = 1; power < 8; ++power) {
    top = top * t + terms[0][power];
    bottom = bottom * t + terms[1][power];
  }
  return top / bottom;
}

} // namespace quantile

// The number whose error function is x, to a few 1e-16 of itself. +-1 gives +-infinity; what is beyond, and NaN, NaN.
inline double erfinv(double x) {
  constexpr double root_half = 0.70710678118654752440;
  const double q = 0.5 * x, size = std::abs(q); // erfinv(x) sqrt(2) is the quantile of probability 1/2 + q
  if (size <= 0.425) return root_half * q * quantile::rational(quantile::kCentre, 0.180625 - q * q);
  if (!(size <= 0.5)) return std::numeric_limits<double>::quiet_NaN();
  if (size == 0.5) return std::copysign(std::numeric_limits<double>::infinity(), x);
  const double t = std::sqrt(-std::log(0.5 - size));
  const double found =
      t <= 5.0 ? quantile::rational(quantile::kTail, t - 1.6) : quantile::rational(quantile::kFarTail, t - 5.0);
  return std::copysign(root_half * found, x);
}

} // namespace rdfp
