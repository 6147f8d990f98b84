#pragma once
// Kinematics of massless and massive particles. Angles in rad; the unit of momenta is the caller's, results keep it.

#include <cmath>
#include <limits>

namespace rdfp {

// Polar angle in (0, pi) of a pseudorapidity: theta = 2 atan(exp(-eta)). NaN gives NaN.
inline double theta(double eta) { return 2.0 * std::atan(std::exp(-eta)); }

// Difference of two azimuths, wrapped to [-pi, pi]. NaN gives NaN.
inline double delta_phi(double phi1, double phi2) { return std::remainder(phi1 - phi2, 2.0 * M_PI); }

// Invariant mass of two massless particles: sqrt(2 pt1 pt2 (cosh(eta1 - eta2) - cos(phi1 - phi2))). NaN gives NaN.
inline double massless_pair_mass(double pt1, double eta1, double phi1, double pt2, double eta2, double phi2) {
  return std::sqrt(2.0 * pt1 * pt2 * (std::cosh(eta1 - eta2) - std::cos(phi1 - phi2)));
}

// Invariant mass of two particles given by pt, eta, phi and E; 0 where its square is negative, NaN where it is
// not finite.
inline double pair_mass(double pt1, double eta1, double phi1, double e1, double pt2, double eta2, double phi2,
                        double e2) {
  const double px = pt1 * std::cos(phi1) + pt2 * std::cos(phi2);
  const double py = pt1 * std::sin(phi1) + pt2 * std::sin(phi2);
  const double pz = pt1 * std::sinh(eta1) + pt2 * std::sinh(eta2);
  const double e = e1 + e2;
  const double square = e * e - (px * px + py * py + pz * pz);
  if (!std::isfinite(square)) return std::numeric_limits<double>::quiet_NaN();
  return square < 0.0 ? 0.0 : std::sqrt(square);
}

} // namespace rdfp
