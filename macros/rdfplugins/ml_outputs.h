#pragma once
// Models in the lazy graph: columns that are computed event by event from the columns that a model takes. For each kind
// of model a header of its own compiles this: ml_mass.h and tmva/graph.h.

#include "rdfplugins/mass_inputs.h"

#include <ROOT/RDataFrame.hxx>
#include <ROOT/RVec.hxx>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rdfp::ml_outputs {

// The outputs of a model for one row of slots, as the model's own numbers (float, double); all are NaN where there is
// no estimate, or where one of them is infinite as a float: append/estimate.py does the same. Shared by all threads,
// const.
template <class Model, class Number> class Estimate {
public:
  Estimate(std::shared_ptr<const Model> model, std::shared_ptr<const mass_inputs::Preparation> preparation)
      : model_(std::move(model)), preparation_(std::move(preparation)) {}

  ROOT::RVec<Number> operator()(const ROOT::RVec<double> &row) const {
    ROOT::RVec<float> inputs(preparation_->inputs());
    constexpr auto none = std::numeric_limits<Number>::quiet_NaN();
    ROOT::RVec<Number> outputs(model_->outputs(), none);
    if (preparation_->prepare(row.data(), inputs.data())) model_->evaluate(inputs.data(), outputs.data());
    if (!std::all_of(outputs.begin(), outputs.end(), is_finite)) std::fill(outputs.begin(), outputs.end(), none);
    return outputs;
  }

private:
  static bool is_finite(Number output) { return std::isfinite(static_cast<float>(output)); }

  std::shared_ptr<const Model> model_;
  std::shared_ptr<const mass_inputs::Preparation> preparation_;
};

template <class Number> struct Output {
  std::size_t index;
  float operator()(const ROOT::RVec<Number> &outputs) const { return static_cast<float>(outputs[index]); }
};

// Define the columns `names`, one for each output, from the column `rows`; `all` is the name of a hidden column.
template <class Number, class Model>
ROOT::RDF::RNode define(ROOT::RDF::RNode df, const std::vector<std::string> &names, const std::string &rows,
                        const std::string &all, std::shared_ptr<const Model> model,
                        std::shared_ptr<const mass_inputs::Preparation> preparation) {
  df = df.Define(all, Estimate<Model, Number>(std::move(model), std::move(preparation)), {rows});
  for (std::size_t index = 0; index < names.size(); ++index) df = df.Define(names[index], Output<Number>{index}, {all});
  return df;
}

} // namespace rdfp::ml_outputs
