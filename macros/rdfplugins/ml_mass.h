#pragma once
// A network in the lazy graph: columns that are computed event by event from the columns that it takes.

#include "rdfplugins/mass_inputs.h"
#include "rdfplugins/network.h"

#include <ROOT/RDataFrame.hxx>
#include <ROOT/RVec.hxx>

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rdfp::ml_mass {

// The outputs of a network for one row of slots; NaN where there is no estimate. Shared by all threads, and const.
class Estimate {
public:
  Estimate(std::shared_ptr<const Network> network, std::shared_ptr<const mass_inputs::Preparation> preparation)
      : network_(std::move(network)), preparation_(std::move(preparation)) {}

  ROOT::RVec<float> operator()(const ROOT::RVec<double> &row) const {
    ROOT::RVec<float> inputs(preparation_->inputs());
    ROOT::RVec<float> outputs(network_->outputs(), std::numeric_limits<float>::quiet_NaN());
    if (preparation_->prepare(row.data(), inputs.data())) network_->evaluate(inputs.data(), outputs.data());
    return outputs;
  }

private:
  std::shared_ptr<const Network> network_;
  std::shared_ptr<const mass_inputs::Preparation> preparation_;
};

struct Output {
  std::size_t index;
  float operator()(const ROOT::RVec<float> &outputs) const { return outputs[index]; }
};

// Define the columns `names`, one for each output, from the column `rows`; `all` is the name of a hidden column.
ROOT::RDF::RNode define(ROOT::RDF::RNode df, const std::vector<std::string> &names, const std::string &rows,
                        const std::string &all, std::shared_ptr<const Network> network,
                        std::shared_ptr<const mass_inputs::Preparation> preparation) {
  df = df.Define(all, Estimate(std::move(network), std::move(preparation)), {rows});
  for (std::size_t index = 0; index < names.size(); ++index) df = df.Define(names[index], Output{index}, {all});
  return df;
}

} // namespace rdfp::ml_mass
