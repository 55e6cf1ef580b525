// The accounts as JSON; docs/ipu-simulator.md describes the fields.
#include "machine.hpp"

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <sstream>

namespace axonc_ipu {

namespace {

std::string quoted(const std::string &text) {
  std::ostringstream out;
  out << '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out << '\\' << c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out << "\\u" << std::hex << std::setw(4) << std::setfill('0') << static_cast<int>(c) << std::dec;
    } else {
      out << c;
    }
  }
  out << '"';
  return out.str();
}

class Writer {
public:
  explicit Writer(std::ostream &out) : out_(out) {}
  template <class T> void field(const char *name, const T &value) {
    separate();
    out_ << '"' << name << "\":" << value;
  }
  void value(std::size_t number) {
    separate();
    out_ << number;
  }
  void open(const char *name, char bracket) {
    separate();
    if (name != nullptr) {
      out_ << '"' << name << "\":";
    }
    out_ << bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ << bracket;
    first_ = false;
  }

private:
  void separate() {
    out_ << (first_ ? "" : ",");
    first_ = false;
  }
  std::ostream &out_;
  bool first_ = true;
};

void writeStep(Writer &json, const StepCost &step) {
  json.open(nullptr, '{');
  json.field("name", quoted(step.name));
  json.field("kind", quoted(step.kind));
  json.field("executions", step.executions);
  json.field("compute_cycles", step.computeCycles);
  json.field("sync_cycles", step.syncCycles);
  json.field("exchange_cycles", step.exchangeCycles);
  json.field("exchange_bytes", step.exchangeBytes);
  json.field("link_bytes", step.linkBytes);
  json.field("local_bytes", step.localBytes);
  json.field("host_bytes", step.hostBytes);
  json.field("flops", step.flops);
  json.field("vertices", step.vertices);
  json.field("default_estimates", step.defaultEstimates);
  json.field("busy_tiles", step.busyTiles);
  json.field("undefined_reads", step.undefinedReads);
  json.close('}');
}

struct Column {
  const char *name;
  std::size_t (*value)(const TileMemory &);
};

constexpr Column COLUMNS[] = {
    {"variables", [](const TileMemory &t) { return t.variables; }},
    {"constants", [](const TileMemory &t) { return t.constants; }},
    {"vertex_state", [](const TileMemory &t) { return t.vertexState; }},
    {"edge_pointers", [](const TileMemory &t) { return t.edgePointers; }},
    {"exchange_code", [](const TileMemory &t) { return t.exchangeCode; }},
    {"always_live", [](const TileMemory &t) { return t.alwaysLive; }},
    {"peak_temporary", [](const TileMemory &t) { return t.peakTemporary; }},
    {"total", [](const TileMemory &t) { return t.total(); }},
};

void writeMemory(Writer &json, const Executable &executable) {
  json.open("memory", '{');
  json.field("bytes_per_tile", executable.graph->target.getBytesPerTile());
  json.open("tiles", '{');
  for (const Column &column : COLUMNS) {
    json.open(column.name, '[');
    for (const TileMemory &tile : executable.tiles) {
      json.value(column.value(tile));
    }
    json.close(']');
  }
  json.close('}');
  json.close('}');
}

} // namespace

void Machine::writeReport(std::ostream &out) const {
  Writer json(out);
  json.open(nullptr, '{');
  json.field("version", 1);
  json.open("target", '{');
  json.field("system", quoted(executable->graph->target.getTargetSystemString()));
  json.field("ipus", executable->graph->target.getNumIPUs());
  json.field("tiles", executable->graph->target.getNumTiles());
  json.field("clock_hz", static_cast<std::uint64_t>(executable->graph->target.getTileClockFrequency()));
  json.close('}');
  json.field("runs", runs);
  json.field("cycles", cycles);
  writeMemory(json, *executable);
  json.open("liveness", '[');
  for (const Liveness &one : executable->liveness) {
    json.open(nullptr, '{');
    json.field("step", one.step);
    json.field("largest", one.largest);
    json.field("sum", one.sum);
    json.close('}');
  }
  json.close(']');
  json.open("steps", '[');
  for (const StepCost &step : steps) {
    writeStep(json, step);
  }
  json.close(']');
  json.open("undefined_reads", '{');
  for (const auto &[what, elements] : undefinedReads) {
    json.field(quoted(what).substr(1, quoted(what).size() - 2).c_str(), elements);
  }
  json.close('}');
  json.close('}');
  out << '\n';
}

void Machine::saveReport() const {
  if (!executable->options.report.empty()) {
    std::ofstream out(executable->options.report);
    writeReport(out);
  }
}

} // namespace axonc_ipu
