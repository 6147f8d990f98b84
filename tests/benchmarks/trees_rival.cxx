// Boosted decision trees as they are written by hand, and into classes that weight files are turned into: nodes with
// pointers to their children, each on the heap, and a loop that walks from the root to a leaf, one event after the
// other.
//
// Shares no code with the package that it is compared with.

#include <cstddef>
#include <vector>

namespace rival {

class BDTNode {
public:
  BDTNode(BDTNode *left, BDTNode *right, int selector, double cut, bool cut_type, int node_type, double response)
      : fLeft(left), fRight(right), fSelector(selector), fCut(cut), fCutType(cut_type), fNodeType(node_type),
        fResponse(response) {}
  BDTNode(const BDTNode &) = delete;
  BDTNode &operator=(const BDTNode &) = delete;
  ~BDTNode() {
    delete fLeft;
    delete fRight;
  }

  bool GoesRight(const double *values) const {
    const bool result = values[fSelector] >= fCut;
    return fCutType ? result : !result;
  }
  const BDTNode *GetLeft() const { return fLeft; }
  const BDTNode *GetRight() const { return fRight; }
  int GetNodeType() const { return fNodeType; }
  double GetResponse() const { return fResponse; }

private:
  BDTNode *fLeft, *fRight;
  int fSelector;
  double fCut;
  bool fCutType; // whether what passes the cut goes right
  int fNodeType; // 0: not a leaf
  double fResponse;
};

class BDT {
public:
  BDT() = default;
  BDT(const BDT &) = delete;
  BDT &operator=(const BDT &) = delete;
  ~BDT() {
    for (BDTNode *tree : fForest) delete tree;
  }

  void AddTree(BDTNode *tree, double weight) {
    fForest.push_back(tree);
    fBoostWeights.push_back(weight);
  }
  double GetMvaValue(const double *values) const {
    double sum = 0, norm = 0;
    for (std::size_t tree = 0; tree < fForest.size(); ++tree) {
      const BDTNode *current = fForest[tree];
      while (current->GetNodeType() == 0) {
        if (current->GoesRight(values))
          current = current->GetRight();
        else
          current = current->GetLeft();
      }
      sum += fBoostWeights[tree] * current->GetResponse();
      norm += fBoostWeights[tree];
    }
    return sum / norm;
  }

private:
  std::vector<BDTNode *> fForest;
  std::vector<double> fBoostWeights;
};

// Every other node keeps its children the other way round, by its cut type.
inline BDTNode *make(int node, const int *feature, const double *cut, const int *left, const int *right,
                     const double *value) {
  if (feature[node] < 0) return new BDTNode(nullptr, nullptr, -1, 0, true, -99, value[node]);
  BDTNode *low = make(left[node], feature, cut, left, right, value);
  BDTNode *high = make(right[node], feature, cut, left, right, value);
  if (node % 2 != 0) return new BDTNode(high, low, feature[node], cut[node], false, 0, 0);
  return new BDTNode(low, high, feature[node], cut[node], true, 0, 0);
}

} // namespace rival

extern "C" void *rival_make(const int *feature, const double *cut, const int *left, const int *right,
                            const double *value, const int *roots, const double *weights, std::size_t trees) {
  auto *bdt = new rival::BDT;
  for (std::size_t k = 0; k < trees; ++k)
    bdt->AddTree(rival::make(roots[k], feature, cut, left, right, value), weights[k]);
  return bdt;
}

extern "C" void rival_run(const void *bdt, const double *x, std::size_t variables, std::size_t events, double *out) {
  for (std::size_t k = 0; k < events; ++k)
    out[k] = static_cast<const rival::BDT *>(bdt)->GetMvaValue(x + k * variables);
}

extern "C" void rival_delete(void *bdt) { delete static_cast<rival::BDT *>(bdt); }
