#pragma once
// FastMTT: the di-tau mass of largest likelihood on a grid of visible fractions x1, x2 of the tau momenta, where the
// neutrinos fly along the visible products (A. Kalinowski, W. Matyszkiewicz, arXiv:2509.26069).
//
// The likelihood of a mass depends on r = (m_vis / M)^2 = x1 x2 / c2^2 alone, and with missing momentum made white and
// turned so that leg 2 lies along its first axis, chi2 is (t0 - beta / x2)^2 + t1^2, where t0, t1 depend on x1 alone.
// So each row of the grid has a bound, and an interval of x2 that can hold the largest likelihood: what is left out is
// proven to be smaller, and the result is that of the whole grid.

#include "rdfplugins/unpack.h"

#include <ROOT/RDataFrame.hxx>
#include <ROOT/RVec.hxx>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rdfp::fastmtt {

// Particle Data Group, Review of Particle Physics 2022. Hadronic visible masses are brought between the two bounds.
constexpr double kTauMass = 1.77686, kPionMass = 0.13957039, kLargestMass = 1.5;
// Of arXiv:2509.26069: power and scale of the mass.
constexpr double kC1 = 6.0, kC2 = 1.0 / 1.15;
// Values of eta and phi that no detector gives, as in mass_inputs.h; a mass at or below the last one is none.
constexpr double kSentinel = 9.5, kNoMass = -1.0;
// 1 - correlation^2 of a covariance that floats can tell from a singular one.
constexpr double kSingular = 1e-6;
// Visible pT in GeV below which, in both legs, nothing was selected: numbers of another unit, most likely.
constexpr double kSoft = 1.0;

// Why there is no estimate; nodes/ditau_fastmtt.py names the numbers.
enum Status : int { kFound, kNotThere, kNoChannel, kNoCovariance, kImpossible, kTooSoft };

constexpr std::size_t kInputs = 14;
using Row = ROOT::RVec<double>; // legs 1 and 2: pt, eta, phi, m; met, metphi, metcov00, metcov01, metcov11; channel
using Found = std::array<double, 4>; // mass in GeV, x1, x2, status

struct Leg {
  double pt, eta, phi, mass;
};

// Mass of two legs; in this form nothing cancels where they are parallel.
inline double visible_mass(const Leg &one, const Leg &two) {
  const double p1 = one.pt * std::cosh(one.eta), p2 = two.pt * std::cosh(two.eta);
  const double e1 = std::hypot(p1, one.mass), e2 = std::hypot(p2, two.mass);
  const double s1 = one.mass * one.mass, s2 = two.mass * two.mass;
  const double opened = std::sinh(0.5 * (one.eta - two.eta)), turned = std::sin(0.5 * (one.phi - two.phi));
  const double opening = 2.0 * one.pt * two.pt * (opened * opened + turned * turned); // p1 p2 (1 - cos of the angle)
  const double slowness = (s1 * e2 * e2 + s2 * p1 * p1) / (e1 * e2 + p1 * p2);        // e1 e2 - p1 p2
  return std::sqrt(s1 + s2 + 2.0 * (opening + slowness));
}

// What the likelihood of an event depends on.
struct Problem {
  double smallest1, smallest2; // fractions
  bool leptonic1, leptonic2;   // decays
  double start0, start1;       // white and turned: MET + p1 + p2,
  double step0, step1;         // p1,
  double beta;                 // and the length of p2
};

struct Cell {
  double value = -std::numeric_limits<double>::infinity(); // ln of the likelihood, without constants of the event
  int first = 0, second = 0;
};

// A grid of fractions index / points, index from 1 to points. Const once it is made, and shared by all threads.
class Grid {
public:
  explicit Grid(int points);
  double fraction(int index) const { return fractions_[index]; }
  Cell largest(const Problem &problem) const;

private:
  int points_;
  std::vector<double> fractions_, inverse_, log_; // x, 1 / x, ln(x / c2)
  // By number of leptonic legs: the largest logarithm of the mass term in a row, whatever the masses of the legs.
  std::array<std::vector<double>, 3> bounds_;

  int first_from(double smallest) const;
  double log_mass_term(const Problem &problem, double log1, double log2, int first, int second) const;
};

Grid::Grid(int points) : points_(points), fractions_(points + 1), inverse_(points + 1), log_(points + 1) {
  if (points < 2) throw std::invalid_argument("a grid has at least two fractions");
  for (int i = 1; i <= points; ++i) {
    fractions_[i] = static_cast<double>(i) / points;
    inverse_[i] = 1.0 / fractions_[i];
    log_[i] = std::log(fractions_[i] / kC2);
  }
  constexpr double none = -std::numeric_limits<double>::infinity();
  for (int leptonic = 0; leptonic < 3; ++leptonic) {
    // legs without mass: with masses, the same integrand, which is nowhere negative, has a smaller range
    const Problem massless{0.0, 0.0, leptonic > 0, leptonic > 1, 0.0, 0.0, 0.0, 0.0, 0.0};
    bounds_[leptonic].assign(points + 1, none);
    for (int i = 1; i <= points; ++i)
      for (int j = 1; j <= points; ++j)
        bounds_[leptonic][i] = std::max(bounds_[leptonic][i], log_mass_term(massless, none, none, i, j));
  }
}

int Grid::first_from(double smallest) const {
  return static_cast<int>(std::lower_bound(fractions_.begin() + 1, fractions_.end(), smallest) - fractions_.begin());
}

// Logarithm of the likelihood of a mass, without 2 m_vis^(2 - c1), which is the same in all cells. `log1`, `log2`: of
// the smallest fractions, -infinity where these are 0.
double Grid::log_mass_term(const Problem &problem, double log1, double log2, int first, int second) const {
  constexpr double nothing = -std::numeric_limits<double>::infinity();
  const double r = fractions_[first] * fractions_[second] / (kC2 * kC2);
  if (r > 1.0) return nothing; // M < m_vis
  const double log_r = log_[first] + log_[second];
  const double x2_min = std::max(problem.smallest2, r);
  const double x2_max = problem.smallest1 < r ? 1.0 : r / problem.smallest1; // a smallest fraction may be 0
  if (x2_max < x2_min) return nothing;
  const double log_ratio = std::min(0.0, log_r - log1) - std::max(log2, log_r);
  double integral = log_ratio;
  if (problem.leptonic1) integral += r * (1.0 / x2_max - 1.0 / x2_min);
  if (problem.leptonic2) integral += r * log_ratio - (x2_max - x2_min);
  return integral > 0.0 ? 0.5 * kC1 * log_r + std::log(integral) : nothing;
}

// The cell of largest likelihood; a value of -infinity where it is 0 everywhere.
Cell Grid::largest(const Problem &problem) const {
  const std::vector<double> &bounds = bounds_[problem.leptonic1 + problem.leptonic2];
  const double log1 = std::log(problem.smallest1), log2 = std::log(problem.smallest2);
  const int lowest1 = first_from(problem.smallest1), lowest2 = first_from(problem.smallest2);
  Cell best;
  if (lowest2 > points_) return best;
  double t0 = 0.0, t1 = 0.0;
  const auto enter_row = [&](int i) {
    t0 = problem.start0 - problem.step0 * inverse_[i];
    t1 = problem.start1 - problem.step1 * inverse_[i];
  };
  const auto look = [&](int i, int j) {
    const double d = t0 - problem.beta * inverse_[j];
    const double value = log_mass_term(problem, log1, log2, i, j) - 0.5 * (d * d + t1 * t1);
    if (value > best.value) best = {value, i, j};
  };
  // a good cell to begin with: in each row the one of smallest chi2
  for (int i = points_; i >= lowest1; --i) {
    enter_row(i);
    if (!(bounds[i] - 0.5 * t1 * t1 > best.value)) continue;
    const double nearest = t0 / problem.beta; // 1 / x2
    const int j = nearest > 1.0 ? static_cast<int>(points_ / nearest + 0.5) : points_;
    look(i, std::max(j, lowest2));
  }
  const double rounding = 1e-9 + 1e-12 * std::abs(best.value);
  for (int i = points_; i >= lowest1; --i) {
    enter_row(i);
    const double room = 2.0 * (bounds[i] - best.value + rounding) - t1 * t1; // for (t0 - beta / x2)^2
    if (!(room > 0.0)) continue;
    const double width = std::sqrt(room);
    const double low = (t0 - width) / problem.beta, high = (t0 + width) / problem.beta; // of 1 / x2
    if (!(high >= 1.0)) continue;
    const int to = low > 1.0 ? static_cast<int>(points_ / low) : points_;
    for (int j = std::max(lowest2, static_cast<int>(std::ceil(points_ / high))); j <= to; ++j) look(i, j);
  }
  return best;
}

// What is measured: momenta and masses in GeV, the covariance of MET in its square.
struct Event {
  Leg one, two;
  double met, met_phi, xx, xy, yy, channel;
};

inline bool is_there(const Leg &leg) {
  const bool is_finite =
      std::isfinite(leg.pt) && std::isfinite(leg.eta) && std::isfinite(leg.phi) && std::isfinite(leg.mass);
  return is_finite && leg.pt > 0.0 && std::abs(leg.eta) < kSentinel && std::abs(leg.phi) < kSentinel &&
         leg.mass > kNoMass;
}

// Why there can be no estimate; kFound where there can.
inline Status status_of(const Event &event) {
  const double channel = event.channel, xx = event.xx, xy = event.xy, yy = event.yy;
  if (!is_there(event.one) || !is_there(event.two)) return kNotThere;
  if (!(std::isfinite(event.met) && event.met >= 0.0 && std::abs(event.met_phi) < kSentinel)) return kNotThere;
  if (!std::isfinite(xx) || !std::isfinite(xy) || !std::isfinite(yy)) return kNotThere;
  if (!(channel >= 0.0 && channel <= 5.0 && channel == std::floor(channel))) return kNoChannel;
  if (!(xx > 0.0 && yy > 0.0)) return kNoCovariance;
  const double correlation = xy / std::sqrt(xx) / std::sqrt(yy);
  if (!(1.0 - correlation * correlation > kSingular)) return kNoCovariance;
  return event.one.pt < kSoft && event.two.pt < kSoft ? kTooSoft : kFound;
}

// The smallest visible fraction that the mass of a leg allows.
inline double smallest_fraction(double mass, bool is_leptonic) {
  const double visible = (is_leptonic ? mass : std::clamp(mass, kPionMass, kLargestMass)) / kTauMass;
  return visible * visible;
}

// The likelihood of an event for which an estimate can be.
inline Problem posed(const Event &event) {
  const bool leptonic1 = event.channel > 0.0, leptonic2 = event.channel > 2.0; // tt, mt, et, em, mm, ee
  const double scale_x = std::sqrt(event.xx), scale_y = std::sqrt(event.yy);
  const double correlation = event.xy / scale_x / scale_y, rest = std::sqrt(1.0 - correlation * correlation);
  using Vector = std::array<double, 2>;
  // components in which the covariance is the unit matrix
  const auto white = [&](double x, double y) {
    return Vector{x / scale_x, (y / scale_y - correlation * x / scale_x) / rest};
  };
  const double x1 = event.one.pt * std::cos(event.one.phi), y1 = event.one.pt * std::sin(event.one.phi);
  const double x2 = event.two.pt * std::cos(event.two.phi), y2 = event.two.pt * std::sin(event.two.phi);
  const double met_x = event.met * std::cos(event.met_phi), met_y = event.met * std::sin(event.met_phi);
  const Vector start = white(met_x + x1 + x2, met_y + y1 + y2), step = white(x1, y1), axis = white(x2, y2);
  const double beta = std::hypot(axis[0], axis[1]), cosine = axis[0] / beta, sine = axis[1] / beta;
  const auto along = [&](const Vector &p) { return cosine * p[0] + sine * p[1]; };
  const auto across = [&](const Vector &p) { return cosine * p[1] - sine * p[0]; };
  const double smallest1 = smallest_fraction(event.one.mass, leptonic1);
  const double smallest2 = smallest_fraction(event.two.mass, leptonic2);
  return {smallest1, smallest2, leptonic1, leptonic2, along(start), across(start), along(step), across(step), beta};
}

// The estimate from a row of inputs, for which 1 GeV is `unit`. Shared by all threads, and const.
class Estimate {
public:
  Estimate(std::shared_ptr<const Grid> grid, double unit) : grid_(std::move(grid)), unit_(unit) {}
  Found operator()(const Row &row) const;

private:
  std::shared_ptr<const Grid> grid_;
  double unit_;
};

Found Estimate::operator()(const Row &row) const {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const auto none = [](Status status) { return Found{nan, nan, nan, static_cast<double>(status)}; };
  if (row.size() != kInputs) throw std::invalid_argument("FastMTT takes another number of inputs");
  const double gev = 1.0 / unit_, square = gev * gev;
  const auto leg = [&](std::size_t at) { return Leg{row[at] * gev, row[at + 1], row[at + 2], row[at + 3] * gev}; };
  Event event{leg(0), leg(4), row[8] * gev, row[9], row[10] * square, row[11] * square, row[12] * square, row[13]};
  if (const Status status = status_of(event); status != kFound) return none(status);
  event.one.mass = std::max(event.one.mass, 0.0); // rounding of a four-vector
  event.two.mass = std::max(event.two.mass, 0.0);
  const double visible = visible_mass(event.one, event.two);
  if (!std::isfinite(visible)) return none(kNotThere);
  if (visible == 0.0) return none(kImpossible);
  const Cell found = grid_->largest(posed(event));
  if (found.first == 0) return none(kImpossible);
  const double x1 = grid_->fraction(found.first), x2 = grid_->fraction(found.second);
  return {visible / std::sqrt(x1 * x2), x1, x2, static_cast<double>(kFound)};
}

struct StatusOf {
  int operator()(const Found &found) const { return static_cast<int>(found[3]); }
};

// Define the mass, the two fractions and the status under these names, from the column `rows` of inputs; `all` is the
// name of a hidden column. `unit`: 1 GeV in the unit of the inputs.
ROOT::RDF::RNode define(ROOT::RDF::RNode df, const std::vector<std::string> &names, const std::string &rows,
                        const std::string &all, int points, double unit) {
  df = df.Define(all, Estimate(std::make_shared<const Grid>(points), unit), {rows});
  df = unpack<4>(df, all, {names.begin(), names.begin() + 3});
  return df.Define(names.at(3), StatusOf{}, {all});
}

} // namespace rdfp::fastmtt
