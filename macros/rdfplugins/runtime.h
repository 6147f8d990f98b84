#pragma once
// What the Python side needs of ROOT's event loop: booking without the cost of Python's overload resolution (half a
// second for a first Snapshot), progress, a stop at Ctrl-C, and ROOT's error messages as data in place of text on the
// terminal. No physics here. The only global state is what signal and error handlers cannot do without.

#include "rdfplugins/error_log.h"
#include "rdfplugins/value.h"

#include <ROOT/RDataFrame.hxx>
#include <TBranch.h>
#include <TH1D.h>
#include <TTree.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <unistd.h>

namespace rdfp::runtime {

using ROOT::RDF::RNode;

// Book a TTree or RNTuple output of the named columns; vectors stay std::vector.
inline ROOT::RDF::RResultPtr<ROOT::RDF::RInterface<ROOT::Detail::RDF::RLoopManager>>
snapshot(RNode node, const std::string &tree, const std::string &file, const std::vector<std::string> &columns,
         bool rntuple) {
  ROOT::RDF::RSnapshotOptions options;
  options.fOutputFormat =
      rntuple ? ROOT::RDF::ESnapshotOutputFormat::kRNTuple : ROOT::RDF::ESnapshotOutputFormat::kTTree;
  options.fLazy = true;
  options.fMode = "RECREATE";
  options.fCompressionAlgorithm = ROOT::RCompressionSetting::EAlgorithm::kZSTD; // least time of all, small files
  options.fCompressionLevel = 1;
  options.fVector2RVec = false;
  if (rntuple) { // readers unpack a whole cluster at once
    options.fApproxZippedClusterSize = 16 << 20;
    options.fMaxUnzippedClusterSize = 64 << 20;
  }
  return node.Snapshot(tree, file, columns, options);
}

// Book a histogram.
inline ROOT::RDF::RResultPtr<TH1D> histogram(RNode node, const std::string &name, const std::string &title, int bins,
                                             double low, double high, const std::string &column,
                                             const std::string &weight) {
  const ROOT::RDF::TH1DModel model(name.c_str(), title.c_str(), bins, low, high);
  return node.Histo1D(model, column, weight);
}

// Book a histogram of numbers that are double: compiled when this header is read, with the optimisation of that moment,
// as cutflows fill such for every event.
ROOT::RDF::RResultPtr<TH1D> count(RNode node, const std::string &name, int bins, const std::string &column,
                                  const std::string &weight) {
  const ROOT::RDF::TH1DModel model(name.c_str(), name.c_str(), bins, -0.5, bins - 0.5);
  return node.Histo1D<double, double>(model, column, weight);
}

inline std::atomic<bool> &stop_requested() {
  static std::atomic<bool> requested{false};
  return requested;
}

extern "C" inline void rdfp_request_stop(int) { stop_requested().store(true); }

// Counts events while a loop runs and ends the loop, by an exception, when the user or the batch system asks for it:
// Python cannot run its own handlers before the loop returns.
class LoopMonitor {
public:
  // Installed for the life of the object: Ctrl-C and SIGTERM only leave a mark, which the loop looks at.
  LoopMonitor() {
    stop_requested().store(false);
    fInterrupt = take(SIGINT);
    fTerminate = take(SIGTERM);
  }
  ~LoopMonitor() { release(); }
  LoopMonitor(const LoopMonitor &) = delete;
  LoopMonitor &operator=(const LoopMonitor &) = delete;

  void watch(ROOT::RDF::RResultPtr<ULong64_t> &count, ULong64_t every) {
    count.OnPartialResultSlot(every, [this, every](unsigned int, ULong64_t &) {
      fEvents += every;
      if (stop_requested().load()) throw std::runtime_error("rdfplugins: interrupted");
    });
  }
  ULong64_t events() const { return fEvents.load(); }
  bool stopped() const { return stop_requested().load(); }
  void release() {
    if (fReleased) return;
    fReleased = true;
    std::signal(SIGINT, fInterrupt);
    std::signal(SIGTERM, fTerminate);
  }

private:
  using Handler = void (*)(int);

  // A signal that is ignored (nohup, a job in the background of a script) stays so.
  static Handler take(int signal) {
    const Handler before = std::signal(signal, rdfp_request_stop);
    if (before == SIG_IGN) std::signal(signal, SIG_IGN);
    return before;
  }

  std::atomic<ULong64_t> fEvents{0};
  Handler fInterrupt = SIG_DFL;
  Handler fTerminate = SIG_DFL;
  bool fReleased = false;
};

// Run the event loop of everything booked beside `count`.
inline void run(ROOT::RDF::RResultPtr<ULong64_t> &count) { count.GetValue(); }

// Values that a uint64 branch holds more than once, at most `most` of them. The values are looked at in `parts` groups,
// one after the other, so that memory stays bounded for any length.
inline std::vector<ULong64_t> repeated(TTree &tree, const std::string &branch, ULong64_t parts, std::size_t most) {
  std::vector<ULong64_t> found;
  ULong64_t value = 0;
  TBranch *source = nullptr;
  tree.SetBranchAddress(branch.c_str(), &value, &source);
  for (ULong64_t part = 0; part < parts && found.size() < most; ++part) {
    std::vector<ULong64_t> values;
    values.reserve(tree.GetEntries() / parts);
    for (Long64_t entry = 0; entry < tree.GetEntries(); ++entry) {
      source->GetEntry(entry);
      if (value % parts == part) values.push_back(value);
    }
    std::sort(values.begin(), values.end());
    for (std::size_t i = 1; i < values.size() && found.size() < most; ++i)
      if (values[i] == values[i - 1] && (found.empty() || found.back() != values[i])) found.push_back(values[i]);
  }
  tree.ResetBranchAddresses();
  return found;
}

// ROOT reads a snapshot back in a destructor, so that one which could not be written whole (full disk) ends the process
// by std::terminate, with no way to stop it. While this object exists, that end is made clean: the unfinished file is
// removed, one line is printed, the exit code is 1.
class CleanEnd {
public:
  // `terminal`: file descriptor for the line; `unfinished`: the file to remove.
  CleanEnd(int terminal, const std::string &line, const std::string &unfinished) {
    state() = {terminal, line, unfinished};
    fPrevious = std::set_terminate(end);
  }
  ~CleanEnd() { release(); }
  CleanEnd(const CleanEnd &) = delete;
  CleanEnd &operator=(const CleanEnd &) = delete;

  void release() {
    if (fPrevious) std::set_terminate(fPrevious);
    fPrevious = nullptr;
  }

private:
  struct State {
    int terminal = 2;
    std::string line, unfinished;
  };
  static State &state() {
    static State *instance = new State; // never destroyed: used at exit, too
    return *instance;
  }
  [[noreturn]] static void end() {
    ::unlink(state().unfinished.c_str());
    const auto errors = ErrorLog::messages();
    const std::string text = state().line + (errors.empty() ? "" : ": " + errors.front()) + "\n";
    [[maybe_unused]] const auto written = ::write(state().terminal, text.data(), text.size());
    std::_Exit(1);
  }
  std::terminate_handler fPrevious;
};

} // namespace rdfp::runtime
