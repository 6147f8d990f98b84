#pragma once
// A network in the lazy graph: float32 columns that are computed event by event from the columns that it takes.

#include "rdfplugins/ml_outputs.h"
#include "rdfplugins/network.h"

namespace rdfp::ml_mass {

// Define the columns `names`, one for each output, from the column `rows`; `all` is the name of a hidden column.
RDFP_COMPILED ROOT::RDF::RNode define(ROOT::RDF::RNode df, const std::vector<std::string> &names,
                                      const std::string &rows, const std::string &all,
                                      std::shared_ptr<const Network> network,
                                      std::shared_ptr<const mass_inputs::Preparation> preparation) {
  return ml_outputs::define<float>(df, names, rows, all, std::move(network), std::move(preparation));
}

} // namespace rdfp::ml_mass
