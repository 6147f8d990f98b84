#pragma once
// TMVA itself, where this ROOT has it: the class that reads weight files, event after event. It is TMVA::Reader, which
// TMVA::Experimental::RReader wraps: depending on its release, that one refuses files with spectators or those without.

#if __has_include(<TMVA/Reader.h>)

#include <TMVA/Reader.h>
#include <TXMLEngine.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace rdfp::tmva {

// What a weight file says of its variables, read as TMVA reads it.
class Declared {
public:
  std::vector<std::string> variables, spectators; // their expressions, by index
  std::string analysis;

  explicit Declared(const std::string &path) {
    document_ = xml_.ParseFile(path.c_str(), kLongest);
    if (document_ == nullptr) throw std::runtime_error("ROOT cannot parse it");
    for (auto *node = xml_.GetChild(xml_.DocGetRootElement(document_)); node; node = xml_.GetNext(node)) {
      if (named(node, "Variables")) variables = expressions(node, "VarIndex");
      if (named(node, "Spectators")) spectators = expressions(node, "SpecIndex");
      if (!named(node, "GeneralInfo")) continue;
      for (auto *info = xml_.GetChild(node); info; info = xml_.GetNext(info))
        if (attribute(info, "name") == "AnalysisType") analysis = attribute(info, "value");
    }
  }
  ~Declared() { xml_.FreeDoc(document_); }
  Declared(const Declared &) = delete;
  Declared &operator=(const Declared &) = delete;

private:
  bool named(XMLNodePointer_t node, const char *name) { return std::strcmp(xml_.GetNodeName(node), name) == 0; }
  std::string attribute(XMLNodePointer_t node, const char *name) {
    const char *text = xml_.GetAttr(node, name);
    return text ? text : "";
  }
  std::vector<std::string> expressions(XMLNodePointer_t list, const char *index) {
    std::vector<std::string> found;
    for (auto *node = xml_.GetChild(list); node; node = xml_.GetNext(node), found.emplace_back()) {
    }
    for (auto *node = xml_.GetChild(list); node; node = xml_.GetNext(node)) {
      const auto place = static_cast<std::size_t>(std::atoi(attribute(node, index).c_str()));
      if (place >= found.size()) throw std::runtime_error("a variable has an index that is not below their number");
      found[place] = attribute(node, "Expression");
    }
    return found;
  }

  static constexpr int kLongest = 10'000'000; // of what it holds at a time: one attribute may be long

  TXMLEngine xml_;
  XMLDocPointer_t document_ = nullptr;
};

// One method of TMVA. Not for several threads at once.
class Reader {
public:
  // Throws std::runtime_error; what is wrong TMVA prints on the standard output.
  explicit Reader(const std::string &path) : reader_("!Color:Silent") {
    const Declared declared(path);
    analysis_ = declared.analysis;
    values_.resize(declared.variables.size());
    spectators_.resize(declared.spectators.size());
    for (std::size_t k = 0; k < values_.size(); ++k) reader_.AddVariable(declared.variables[k].c_str(), &values_[k]);
    for (std::size_t k = 0; k < spectators_.size(); ++k)
      reader_.AddSpectator(declared.spectators[k].c_str(), &spectators_[k]);
    reader_.BookMVA(kName, path.c_str());
    outputs_ = respond().size();
  }

  std::size_t inputs() const { return values_.size(); }
  std::size_t outputs() const { return outputs_; }

  // [events][inputs()] to [events][outputs()]; NaN where an input is NaN, of which TMVA itself gives -999 or worse.
  void evaluate_many(const float *in, std::size_t events, double *out) {
    for (std::size_t k = 0; k < events; ++k, in += inputs(), out += outputs_) {
      if (std::any_of(in, in + inputs(), [](float value) { return std::isnan(value); })) {
        std::fill_n(out, outputs_, std::numeric_limits<double>::quiet_NaN());
        continue;
      }
      std::copy_n(in, inputs(), values_.begin());
      const std::vector<double> found = respond();
      if (found.size() != outputs_) throw std::runtime_error("TMVA gives another number of responses than before");
      std::copy(found.begin(), found.end(), out);
    }
  }

private:
  static constexpr const char *kName = "rdfplugins";

  std::vector<double> respond() {
    if (analysis_ == "Regression") return copied(reader_.EvaluateRegression(kName));
    if (analysis_ == "Multiclass") return copied(reader_.EvaluateMulticlass(kName));
    return {reader_.EvaluateMVA(kName)};
  }
  static std::vector<double> copied(const std::vector<float> &values) { return {values.begin(), values.end()}; }

  TMVA::Reader reader_;
  std::string analysis_;
  std::vector<float> values_, spectators_;
  std::size_t outputs_ = 0;
};

inline std::unique_ptr<Reader> make_reader(const std::string &path) { return std::make_unique<Reader>(path); }

} // namespace rdfp::tmva

#endif
