// From a graph and its programs to an executable: all rules are checked here.
#include "checks.hpp"
#include "executable.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

namespace axonc_ipu {

namespace {

void setOption(Options &options, const std::string &name, const std::string &value) {
  static const std::array<const char *, 10> PREFIXES{"debug.", "autoReport.",      "target.",   "opt.",
                                                     "prng.",  "streamCallbacks.", "exchange.", "profiler.",
                                                     "axonc.", "memory."};
  bool known = false;
  for (const char *prefix : PREFIXES) {
    known = known || name.rfind(prefix, 0) == 0;
  }
  require<poplar::invalid_option>(known, "unknown engine option '", name, "'");
  if (name == "debug.allowOutOfMemory") {
    options.allowOutOfMemory = value == "true";
  } else if (name == "autoReport.directory") {
    options.report = value + "/report.json";
  } else if (name == "axonc.report") {
    options.report = value;
  } else if (name == "axonc.undefined") {
    require<poplar::invalid_option>(value == "count" || value == "host" || value == "all",
                                    "axonc.undefined is count, host or all, not '", value, "'");
    options.undefined = value == "all" ? Undefined::All : value == "host" ? Undefined::Host : Undefined::Count;
  } else if (name == "axonc.linkBytesPerCycle") {
    const bool number = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos && value != "0";
    require<poplar::invalid_option>(number, "axonc.linkBytesPerCycle is a number above 0, not '", value, "'");
    options.linkBytesPerCycle = std::stoull(value);
  }
}

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void costs(Executable &executable) {
  for (std::size_t i = 0; i < executable.steps.size(); ++i) {
    StepCost &cost = executable.steps[i];
    std::visit(Overloaded{
                   [&](const ExecuteNode &n) { costOf(executable, executable.sets.at(n.computeSet), cost); },
                   [&](const CopyNode &n) { costOfCopy(executable, n, cost); },
                   [&](const StreamNode &n) {
                     cost.hostBytes = n.tensor.numElements() * elementBytes(n.tensor.elementType());
                   },
                   [&](const RemoteNode &n) {
                     cost.hostBytes = n.tensor.numElements() * elementBytes(n.tensor.elementType());
                   },
                   [](const auto &) {},
               },
               executable.order[i]->what);
  }
}

// What stands between quotes, and before, between and behind: text in quotes has the odd numbers.
std::vector<std::string> quoted(const std::string &json) {
  std::vector<std::string> parts(1);
  for (const char c : json) {
    if (c == '"') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// Name and value of the members of a JSON object whose values are text.
std::vector<std::pair<std::string, std::string>> members(const std::string &json) {
  std::vector<std::string> parts = quoted(json);
  std::vector<std::pair<std::string, std::string>> found;
  for (std::size_t i = 1; i + 3 < parts.size(); i += 2) {
    std::string &between = parts[i + 1];
    const auto space = [](unsigned char c) { return std::isspace(c) != 0; };
    between.erase(std::remove_if(between.begin(), between.end(), space), between.end());
    if (between == ":") {
      found.emplace_back(parts[i], parts[i + 2]);
      i += 2;
    }
  }
  return found;
}

} // namespace

Options optionsFrom(const poplar::OptionFlags &flags) {
  Options options;
  for (const auto &[name, value] : members(environment("POPLAR_ENGINE_OPTIONS"))) {
    setOption(options, name, value);
  }
  if (const std::string path = environment("AXONC_IPU_REPORT"); !path.empty()) {
    options.report = path;
  }
  if (const std::string undefined = environment("AXONC_IPU_UNDEFINED"); !undefined.empty()) {
    setOption(options, "axonc.undefined", undefined);
  }
  if (const std::string links = environment("AXONC_IPU_LINK_BYTES"); !links.empty()) {
    setOption(options, "axonc.linkBytesPerCycle", links);
  }
  for (const auto &[name, value] : flags) {
    setOption(options, name, value);
  }
  return options;
}

std::shared_ptr<Executable> compile(const poplar::Graph &graph, const std::vector<NodePtr> &programs, Options options) {
  auto executable = std::make_shared<Executable>();
  executable->graph = graph.shared();
  executable->programs = programs;
  executable->options = std::move(options);
  place(*executable);
  collectSteps(*executable);
  for (const Node *node : executable->order) {
    if (const auto *execute = std::get_if<ExecuteNode>(&node->what)) {
      if (executable->sets.count(execute->computeSet) == 0) {
        const CompiledSet &set =
            executable->sets.emplace(execute->computeSet, bindSet(*executable, execute->computeSet)).first->second;
        checkRaces(*executable, set);
      }
    }
  }
  costs(*executable);
  accountMemory(*executable);
  return executable;
}

} // namespace axonc_ipu
