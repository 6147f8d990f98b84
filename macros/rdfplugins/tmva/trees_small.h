#pragma once
// The trees of a forest that are small enough for lanes (trees_lanes.h), in groups so small that a byte counts the cuts
// of a feature.

#include "rdfplugins/tmva/trees_lanes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace rdfp::trees {

// An event in a node goes on to next, or to the node behind it where it goes right. A leaf leads to itself, by a cut
// that nothing passes.
struct Node {
  double cut;
  int feature, next;
};

constexpr std::size_t kBlock = 512;        // events: what is read for a group serves all of them
constexpr std::size_t kSmall = 255;        // leaves: so that a byte numbers them, and the cuts
constexpr std::size_t kSmallBaseline = 64; // without wide vectors walking is as fast from here on
constexpr std::size_t kMost = 254;         // cuts of a feature in a group: 255 is a rank that nothing reaches
constexpr std::size_t kRoom = 16;          // leaves for which there is room in any case

// A tree: its steps, and where its leaves are among all, from left to right.
struct SmallTree {
  std::size_t first, count, leaves;
};

// Trees behind each other, and for each feature in use its rank among the cuts of this group by that among all cuts.
struct Group {
  struct Feature {
    std::size_t number;
    std::vector<unsigned char> ranks;
  };
  std::vector<Feature> features;
  std::vector<SmallTree> trees;
};

class SmallTrees {
public:
  explicit SmallTrees(std::size_t features = 0) : cuts_(features) {}

  // Makes a group of the trees from `root` on, of as many as it may hold, and returns how many.
  std::size_t add_group(const std::vector<Node> &nodes, const std::vector<double> &values, const int *root,
                        const int *end);
  // To be called once all groups are there.
  void finish();

  std::size_t groups() const { return groups_.size(); }
  // Numbers of scratch that `rank` writes and `run` reads.
  std::size_t room() const { return cuts_.size() * kBlock; }
  // Ranks of a block of events, their features next to each other.
  void rank(const double *x, std::size_t events, unsigned *ranks) const;
  // Adds what trees of a group say of a block of events to sums [sums][kBlock], the first tree to the sum `sum`.
  void run(int cpu, std::size_t group, const unsigned *ranks, std::size_t events, std::size_t sum, std::size_t sums,
           double *to) const;

private:
  typedef std::vector<std::vector<double>> Cuts; // of each feature, rising, each once

  static bool join(Cuts &cuts, const std::vector<Node> &nodes, int root);
  void add_tree(Group &group, const Cuts &cuts, const std::vector<unsigned> &places, const std::vector<Node> &nodes,
                const std::vector<double> &values, int root);

  Cuts cuts_; // of all groups; in the end with NaN up to a power of two less one
  std::vector<Cuts> of_groups_;
  std::vector<Group> groups_;
  std::vector<Step> steps_;
  std::vector<double> leaves_;
};

RDFP_COMPILED bool is_leaf(const std::vector<Node> &nodes, int node) { return nodes[node].next == node; }

// Adds the cuts of a tree, as long as there is room. A cut too much does no harm.
RDFP_COMPILED bool SmallTrees::join(Cuts &cuts, const std::vector<Node> &nodes, int root) {
  std::vector<int> open{root};
  while (!open.empty()) {
    const int node = open.back();
    open.pop_back();
    if (is_leaf(nodes, node)) continue;
    open.insert(open.end(), {nodes[node].next, nodes[node].next + 1});
    const double cut = nodes[node].cut;
    std::vector<double> &own = cuts[nodes[node].feature];
    const auto place = std::lower_bound(own.begin(), own.end(), cut);
    if (std::isnan(cut) || (place != own.end() && *place == cut)) continue;
    if (own.size() == kMost) return false;
    own.insert(place, cut);
  }
  return true;
}

RDFP_COMPILED std::size_t SmallTrees::add_group(const std::vector<Node> &nodes, const std::vector<double> &values,
                                                const int *root, const int *end) {
  Cuts cuts(cuts_.size());
  std::size_t trees = 0;
  while (root + trees < end && join(cuts, nodes, root[trees])) ++trees;
  Group group;
  std::vector<unsigned> places(cuts.size());
  for (std::size_t k = 0; k < cuts.size(); ++k)
    if (!cuts[k].empty()) {
      places[k] = static_cast<unsigned>(group.features.size());
      group.features.push_back({k, {}});
      cuts_[k].insert(cuts_[k].end(), cuts[k].begin(), cuts[k].end());
    }
  for (std::size_t k = 0; k < trees; ++k) add_tree(group, cuts, places, nodes, values, root[k]);
  groups_.push_back(group);
  of_groups_.push_back(cuts);
  return trees;
}

// Steps from the root down, what is to the left first: a leaf's number is how many there were before it.
RDFP_COMPILED void SmallTrees::add_tree(Group &group, const Cuts &cuts, const std::vector<unsigned> &places,
                                        const std::vector<Node> &nodes, const std::vector<double> &values, int root) {
  struct Open {
    int node;
    std::size_t from; // the step whose right child it is; none: itself or later
  };
  const std::size_t first = steps_.size(), leaves = leaves_.size();
  std::vector<Open> open{{root, steps_.max_size()}};
  while (!open.empty()) {
    const Open now = open.back();
    open.pop_back();
    const auto before = static_cast<unsigned char>(leaves_.size() - leaves);
    if (now.from < steps_.size()) steps_[now.from].right = before;
    if (is_leaf(nodes, now.node)) {
      leaves_.push_back(values[now.node]);
      continue;
    }
    const Node &node = nodes[now.node];
    const std::vector<double> &own = cuts[node.feature];
    const std::size_t rank = std::lower_bound(own.begin(), own.end(), node.cut) - own.begin() + 1;
    open.push_back({node.next + 1, steps_.size()});
    open.push_back({node.next, steps_.max_size()});
    steps_.push_back(
        {places[node.feature], static_cast<unsigned char>(std::isnan(node.cut) ? 255 : rank), before, 0, 0});
  }
  group.trees.push_back({first, steps_.size() - first, leaves});
  leaves_.resize(std::max(leaves_.size(), leaves + kRoom));
}

RDFP_COMPILED void SmallTrees::finish() {
  for (std::vector<double> &all : cuts_) {
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
  }
  for (std::size_t k = 0; k < groups_.size(); ++k)
    for (Group::Feature &feature : groups_[k].features) {
      const std::vector<double> &all = cuts_[feature.number], &own = of_groups_[k][feature.number];
      for (std::size_t i = 0, rank = 0; i <= all.size(); ++i) {
        feature.ranks.push_back(static_cast<unsigned char>(rank));
        if (i < all.size() && rank < own.size() && own[rank] == all[i]) ++rank;
      }
    }
  of_groups_.clear();
  for (std::vector<double> &all : cuts_) {
    std::size_t room = 1;
    while (room <= all.size()) room *= 2;
    if (!all.empty()) all.resize(room - 1, std::numeric_limits<double>::quiet_NaN());
  }
}

// How many cuts 64 values pass: by halves, all of them side by side, two in a vector. Vectors are compared without a
// branch; a branch here is taken as often as not, and costs more than all else.
RDFP_COMPILED void count_passed(const std::vector<double> &cuts, const double *values, unsigned *ranks) {
  typedef double Pair __attribute__((vector_size(16)));
  typedef long long Mask __attribute__((vector_size(16)));
  Mask low[kLanes / 2] = {};
  const double *at = cuts.data();
  for (long long half = static_cast<long long>(cuts.size() / 2 + 1); half > 0; half /= 2)
    for (std::size_t i = 0; i < kLanes / 2; ++i) {
      const Pair cut = {at[low[i][0] + half - 1], at[low[i][1] + half - 1]}, value = {values[2 * i], values[2 * i + 1]};
      low[i] += (Mask)(value >= cut) & half;
    }
  for (std::size_t i = 0; i < kLanes; ++i) ranks[i] = static_cast<unsigned>(low[i / 2][i % 2]);
}

RDFP_COMPILED void SmallTrees::rank(const double *x, std::size_t events, unsigned *ranks) const {
  const std::size_t features = cuts_.size();
  for (std::size_t k = 0; k < features; ++k, ranks += kBlock) {
    if (cuts_[k].empty()) continue;
    for (std::size_t first = 0; first < events; first += kLanes) {
      double values[kLanes] = {};
      for (std::size_t i = 0; i < kLanes && first + i < events; ++i) values[i] = x[(first + i) * features + k];
      count_passed(cuts_[k], values, ranks + first);
    }
  }
}

RDFP_COMPILED void SmallTrees::run(int cpu, std::size_t number, const unsigned *ranks, std::size_t events,
                                   std::size_t sum, std::size_t sums, double *to) const {
  const Group &group = groups_[number];
  std::vector<Lanes> lanes(group.features.size() + 1); // one more: there may be none
  for (std::size_t first = 0; first < events; first += kLanes) {
    for (std::size_t k = 0; k < group.features.size(); ++k) {
      const unsigned *from = ranks + group.features[k].number * kBlock + first;
      const unsigned char *bytes = group.features[k].ranks.data();
      for (std::size_t i = 0; i < kLanes; ++i) lanes[k].values[i] = bytes[from[i]];
    }
    std::size_t at = sum;
    for (const SmallTree &tree : group.trees) {
      const Step *steps = steps_.data() + tree.first;
      add_tree_to(cpu, steps, tree.count, leaves_.data() + tree.leaves, lanes.data(), to + at * kBlock + first);
      at = at + 1 == sums ? 0 : at + 1;
    }
  }
}

} // namespace rdfp::trees
