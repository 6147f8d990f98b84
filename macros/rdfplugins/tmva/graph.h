#pragma once
// A method of TMVA in the lazy graph: its outputs, doubles, as float32 columns that are computed event by event. Not in
// ml_mass.h, so that who has no such method need not wait until it is compiled.

#include "rdfplugins/ml_outputs.h"
#include "rdfplugins/tmva/method.h"

namespace rdfp::tmva::graph {

// Define the columns `names`, one for each output, from the column `rows`; `all` is the name of a hidden column.
RDFP_COMPILED ROOT::RDF::RNode define(ROOT::RDF::RNode df, const std::vector<std::string> &names,
                                      const std::string &rows, const std::string &all,
                                      std::shared_ptr<const tmva::Method> method,
                                      std::shared_ptr<const mass_inputs::Preparation> preparation) {
  return ml_outputs::define<double>(df, names, rows, all, std::move(method), std::move(preparation));
}

} // namespace rdfp::tmva::graph
