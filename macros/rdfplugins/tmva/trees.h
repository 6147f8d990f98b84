#pragma once
// A forest of decision trees, event by event or many events at once, in float64. An event goes right where
// x[feature] >= cut. Features behind the variables are linear combinations of them, for which it goes right where they
// are greater than the cut. NaN goes left everywhere.
//
// Both ways give the same bits, on every CPU: trees are added in one order, tree k to sum k mod 8 (or k mod classes),
// and sums are added in one shape.
//
// The interpreter compiles what is not inline when it reads this header, with the optimisation of that moment; for
// compiled code everything is inline.

#include "rdfplugins/tmva/trees_small.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace rdfp::trees {

// What becomes of the trees: see `Forest` of rdfplugins.inference.tmva.method.
enum Votes : int { kMean, kLogistic, kSoftmax, kSum, kMedian };

constexpr std::size_t kSums = 8;     // of trees; softmax has one a class
constexpr std::size_t kTogether = 8; // walks side by side: each waits for memory most of the time
constexpr int kShallow = 8;          // levels: as many steps for all trees, without a look at where they are

class Forest {
public:
  // Arrays as those of the Python class, copied: `feature`, `cut`, `left`, `right`, `value` have one entry a node,
  // `roots` and `weights` one a tree, `fisher` has [combinations][variables + 1]. `cpu` lowers the level of vector
  // units. Throws std::invalid_argument where they do not fit.
  Forest(std::size_t variables, std::size_t nodes, const int *feature, const double *cut, const int *left,
         const int *right, const double *value, std::size_t trees, const int *roots, const double *weights,
         std::size_t combinations, const double *fisher, int votes, std::size_t classes, double offset,
         int cpu = network::kAvx512);

  std::size_t variables() const { return variables_; }
  std::size_t outputs() const { return classes_; }

  // Outputs of one event: reads variables() doubles, writes outputs() doubles.
  void evaluate(const double *x, double *out) const;

  // The same for many events, [events][variables()] to [events][outputs()].
  void evaluate_many(const double *x, std::size_t events, double *out) const;

private:
  struct Part { // trees behind each other: a group of small ones, or all that are walked along
    std::size_t first, end, group;
  };

  void add_tree(std::size_t first, std::size_t end, const int *feature, const double *cut, const int *left,
                const int *right, const double *value);
  void make_parts();
  std::size_t leaves(std::size_t tree) const;
  void evaluate_in(double *features, double *sums, const double *x, double *out) const;
  void respond(const double *x, std::size_t first, double *responses) const;
  void respond_many(const double *x, std::size_t events, std::size_t tree, double *sums) const;
  void run(const double *x, std::size_t events, double *sums, unsigned *ranks) const;
  void combine(const double *x, double *features) const;
  void finish(const double *sums, double *out) const;
  double median(std::vector<double> &responses) const;

  std::size_t variables_, classes_, features_, trees_, sums_;
  int votes_, cpu_;
  double offset_, norm_ = 0;
  std::vector<double> weights_, fisher_;
  std::vector<Node> nodes_; // tree after tree, each level by level; then a leaf
  std::vector<double> values_;
  std::vector<int> roots_, depths_; // filled up with that leaf to a multiple of kTogether
  SmallTrees small_;
  std::vector<Part> parts_;
};

namespace detail {
RDFP_COMPILED void demand(bool condition, const char *message) {
  if (!condition) throw std::invalid_argument(message);
}
} // namespace detail

RDFP_COMPILED Forest::Forest(std::size_t variables, std::size_t nodes, const int *feature, const double *cut,
                             const int *left, const int *right, const double *value, std::size_t trees,
                             const int *roots, const double *weights, std::size_t combinations, const double *fisher,
                             int votes, std::size_t classes, double offset, int cpu)
    : variables_(variables), classes_(classes), features_(variables + combinations), trees_(trees),
      sums_(votes == kSoftmax ? classes : kSums), votes_(votes), cpu_(std::min(cpu, byte_level())), offset_(offset),
      weights_(weights, weights + trees), fisher_(fisher, fisher + combinations * (variables + 1)), small_(features_) {
  detail::demand(votes >= kMean && votes <= kMedian, "rdfp::trees::Forest: unknown votes");
  detail::demand(classes > 0 && (classes == 1 || votes == kSoftmax), "rdfp::trees::Forest: one output, or softmax");
  detail::demand(trees > 0 && roots[0] == 0, "rdfp::trees::Forest: the first root is node 0");
  for (std::size_t k = 0; k < trees; ++k) {
    const std::size_t first = roots[k], end = k + 1 < trees ? roots[k + 1] : nodes;
    detail::demand(roots[k] >= 0 && first < end && end <= nodes, "rdfp::trees::Forest: roots rise");
    add_tree(first, end, feature, cut, left, right, value);
    norm_ += weights[k];
    for (std::size_t node = roots_[k]; votes == kMean && node < nodes_.size(); ++node) values_[node] *= weights[k];
  }
  if (votes != kMedian) make_parts();
  const int no_feature = -1, leaf = 0;
  const double nothing = 0;
  while (roots_.size() % kTogether != 0) add_tree(0, 1, &no_feature, &nothing, &leaf, &leaf, &nothing);
}

// Copies a tree, level by level: the nodes which most events meet are next to each other.
RDFP_COMPILED void Forest::add_tree(std::size_t first, std::size_t end, const int *feature, const double *cut,
                                    const int *left, const int *right, const double *value) {
  const std::size_t root = nodes_.size();
  const double never = std::numeric_limits<double>::quiet_NaN(), far = std::numeric_limits<double>::infinity();
  std::vector<std::size_t> queue{first};
  int depth = 0;
  for (std::size_t k = 0, level_end = 1; k < queue.size(); ++k) {
    if (k == level_end) ++depth, level_end = queue.size();
    const std::size_t node = queue[k], here = nodes_.size();
    values_.push_back(feature[node] < 0 ? value[node] : 0);
    if (feature[node] < 0) {
      nodes_.push_back({never, 0, static_cast<int>(here)});
      continue;
    }
    const bool combined = static_cast<std::size_t>(feature[node]) >= variables_;
    const double at = cut[node], next = at < far ? std::nextafter(at, far) : never; // greater is: at least the next
    nodes_.push_back({combined ? next : at, feature[node], static_cast<int>(root + queue.size())});
    detail::demand(static_cast<std::size_t>(feature[node]) < features_, "rdfp::trees::Forest: no such feature");
    for (const int child : {left[node], right[node]}) {
      const bool inside = child > static_cast<int>(node) && static_cast<std::size_t>(child) < end;
      detail::demand(inside && queue.size() < end - first, "rdfp::trees::Forest: children are behind their node");
      queue.push_back(child);
    }
  }
  roots_.push_back(static_cast<int>(root));
  depths_.push_back(depth);
}

RDFP_COMPILED std::size_t Forest::leaves(std::size_t tree) const {
  const std::size_t end = tree + 1 < roots_.size() ? roots_[tree + 1] : nodes_.size();
  return (end - roots_[tree] + 1) / 2; // every other node has two children
}

RDFP_COMPILED void Forest::make_parts() {
  const std::size_t small = cpu_ == network::kBaseline ? kSmallBaseline : kSmall;
  for (std::size_t k = 0; k < trees_;) {
    std::size_t end = k;
    while (end < trees_ && leaves(end) <= small) ++end;
    if (end > k) {
      const std::size_t count = small_.add_group(nodes_, values_, roots_.data() + k, roots_.data() + end);
      parts_.push_back({k, k + count, small_.groups()});
      k += count;
      continue;
    }
    while (end < trees_ && leaves(end) > small) ++end;
    parts_.push_back({k, end, 0});
    k = end;
  }
  small_.finish();
}

// What kTogether trees say of one event, all features of which are in x.
RDFP_COMPILED void Forest::respond(const double *x, std::size_t first, double *responses) const {
  const Node *nodes = nodes_.data();
  int at[kTogether], depth = 0;
  for (std::size_t k = 0; k < kTogether; ++k) {
    at[k] = roots_[first + k];
    depth = std::max(depth, depths_[first + k]);
  }
  if (depth <= kShallow) {
    for (; depth > 0; --depth)
      for (std::size_t k = 0; k < kTogether; ++k) {
        const Node &node = nodes[at[k]];
        at[k] = node.next + (x[node.feature] >= node.cut);
      }
  } else {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t k = 0; k < kTogether; ++k) {
        const Node &node = nodes[at[k]];
        const int next = node.next + (x[node.feature] >= node.cut);
        moved |= next != at[k];
        at[k] = next;
      }
    }
  }
  for (std::size_t k = 0; k < kTogether; ++k) responses[k] = values_[at[k]];
}

// Adds what one tree says of a block of events to their sums: as above, with events in the place of trees.
RDFP_COMPILED void Forest::respond_many(const double *x, std::size_t events, std::size_t tree, double *sums) const {
  const Node *nodes = nodes_.data();
  for (std::size_t first = 0; first < events; first += kTogether) {
    const std::size_t count = std::min(kTogether, events - first);
    int at[kTogether];
    std::fill(at, at + kTogether, roots_[tree]);
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t k = 0; k < count; ++k) {
        const Node &node = nodes[at[k]];
        const int next = node.next + (x[(first + k) * features_ + node.feature] >= node.cut);
        moved |= next != at[k];
        at[k] = next;
      }
    }
    for (std::size_t k = 0; k < count; ++k) sums[first + k] += values_[at[k]];
  }
}

// Variables, then their combinations. Compiled for every CPU alike: a fused multiplication would change bits.
RDFP_COMPILED void Forest::combine(const double *x, double *features) const {
  std::copy(x, x + variables_, features);
  const double *coefficients = fisher_.data();
  for (std::size_t k = variables_; k < features_; ++k, coefficients += variables_ + 1) {
    double sum = coefficients[variables_];
    for (std::size_t i = 0; i < variables_; ++i) sum += coefficients[i] * x[i];
    features[k] = sum;
  }
}

// Outputs from the sums of the trees.
RDFP_COMPILED void Forest::finish(const double *sums, double *out) const {
  if (votes_ == kSoftmax) {
    const double highest = *std::max_element(sums, sums + classes_);
    double total = 0;
    for (std::size_t k = 0; k < classes_; ++k) total += out[k] = std::exp(sums[k] - highest);
    for (std::size_t k = 0; k < classes_; ++k) out[k] /= total;
    return;
  }
  const double sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  if (votes_ == kLogistic) *out = std::tanh(sum); // 2 / (1 + exp(-2 sum)) - 1, without loss near 0
  if (votes_ == kMean) *out = norm_ > std::numeric_limits<double>::epsilon() ? sum / norm_ : 0;
  if (votes_ == kSum) *out = sum + offset_;
}

// AdaBoost.R2: mean of the responses around their weighted median.
RDFP_COMPILED double Forest::median(std::vector<double> &responses) const {
  const std::size_t trees = responses.size(), sixth = trees / 6;
  std::vector<std::size_t> order(trees);
  for (std::size_t k = 0; k < trees; ++k) order[k] = k;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return responses[a] < responses[b]; });
  std::size_t middle = 0;
  for (double weight = 0; middle < trees && weight <= norm_ / 2; ++middle) weight += weights_[order[middle]];
  const std::size_t low = middle > sixth ? middle - sixth - 1 : 0, high = std::min(trees, middle + sixth);
  double sum = 0;
  for (std::size_t k = low; k < high; ++k) sum += responses[order[k]];
  return sum / static_cast<double>(high - low);
}

RDFP_COMPILED void Forest::evaluate(const double *x, double *out) const {
  constexpr std::size_t few = 64;
  if (features_ <= few && sums_ <= few) { // no memory but the stack
    double features[few], sums[few];
    return evaluate_in(features, sums, x, out);
  }
  std::vector<double> features(features_), sums(sums_);
  evaluate_in(features.data(), sums.data(), x, out);
}

RDFP_COMPILED void Forest::evaluate_in(double *features, double *sums, const double *x, double *out) const {
  if (features_ > variables_) {
    combine(x, features);
    x = features;
  }
  if (votes_ == kMedian) {
    std::vector<double> responses(roots_.size());
    for (std::size_t k = 0; k < trees_; k += kTogether) respond(x, k, &responses[k]);
    responses.resize(trees_);
    *out = median(responses);
    return;
  }
  std::fill(sums, sums + sums_, 0.);
  double some[kTogether];
  for (std::size_t k = 0, sum = 0; k < trees_; k += kTogether) {
    respond(x, k, some);
    if (sums_ == kTogether) { // what fills up adds 0, which changes no sum that began with 0
      for (std::size_t i = 0; i < kTogether; ++i) sums[i] += some[i];
      continue;
    }
    for (std::size_t i = 0; i < std::min(kTogether, trees_ - k); ++i, sum = sum + 1 == sums_ ? 0 : sum + 1)
      sums[sum] += some[i];
  }
  finish(sums, out);
}

// Sums of the trees for a block of events, [sums_][kBlock], all features of which are in x.
RDFP_COMPILED void Forest::run(const double *x, std::size_t events, double *sums, unsigned *ranks) const {
  std::fill(sums, sums + sums_ * kBlock, 0.);
  if (small_.groups() > 0) small_.rank(x, events, ranks);
  for (const Part &part : parts_) {
    if (part.group > 0)
      small_.run(cpu_, part.group - 1, ranks, events, part.first % sums_, sums_, sums);
    else
      for (std::size_t tree = part.first; tree < part.end; ++tree)
        respond_many(x, events, tree, sums + tree % sums_ * kBlock);
  }
}

RDFP_COMPILED void Forest::evaluate_many(const double *x, std::size_t events, double *out) const {
  if (events < kTogether || votes_ == kMedian) {
    for (std::size_t k = 0; k < events; ++k) evaluate(x + k * variables_, out + k * classes_);
    return;
  }
  const bool combined = features_ > variables_;
  std::vector<double> sums(sums_ * kBlock), own(sums_), features(combined ? features_ * std::min(events, kBlock) : 0);
  std::vector<unsigned> ranks(small_.groups() > 0 ? small_.room() : 0);
  for (std::size_t first = 0; first < events; first += kBlock) {
    const std::size_t count = std::min(kBlock, events - first);
    const double *block = x + first * variables_;
    for (std::size_t k = 0; combined && k < count; ++k) combine(block + k * variables_, &features[k * features_]);
    run(combined ? features.data() : block, count, sums.data(), ranks.data());
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t i = 0; i < sums_; ++i) own[i] = sums[i * kBlock + k];
      finish(own.data(), out + (first + k) * classes_);
    }
  }
}

} // namespace rdfp::trees
