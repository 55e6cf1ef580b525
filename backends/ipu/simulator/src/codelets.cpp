// Codelets: popc compiles a source file into a shared library, whose table names the vertices.
#include "checks.hpp"
#include "graph_data.hpp"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace axonc_ipu {

using poplar::graph_object_load_error;

namespace {

bool separates(char c) { return std::strchr("<>,:", c) != nullptr && c != '\0'; }
bool isSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool isLetter(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; }

// One space between words, none beside <, >, comma and colon.
std::string spaced(const std::string &name) {
  std::string made;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char next = i + 1 < name.size() ? name[i + 1] : ' ';
    if (!isSpace(name[i])) {
      made += name[i];
    } else if (!isSpace(next) && !separates(next) && (made.empty() || !separates(made.back()))) {
      made += ' ';
    }
  }
  return made;
}

// Writes `other` where `words` stands, except inside longer words.
void replaceWords(std::string &name, const std::string &words, const std::string &other) {
  for (std::size_t at = name.find(words); at != std::string::npos; at = name.find(words, at)) {
    const std::size_t end = at + words.size();
    const bool inside = (at > 0 && isLetter(name[at - 1])) || (end < name.size() && isLetter(name[end]));
    if (!inside) {
      name.replace(at, words.size(), other);
    }
    at += inside ? words.size() : other.size();
  }
}

} // namespace

// Vertices are named as often as they are added: searching is much faster than regular expressions.
std::string canonicalName(const std::string &name) {
  std::string canonical = spaced(name);
  replaceWords(canonical, "unsigned int", "unsigned");
  replaceWords(canonical, "axonc_ipu::Half", "half");
  replaceWords(canonical, "poplar::half", "half");
  return canonical.rfind("::", 0) == 0 ? canonical.substr(2) : canonical;
}

namespace {

VertexClass classOf(const VertexEntry &entry) {
  VertexClass made{canonicalName(entry.name), entry.bytes, entry.workers, {}, entry.compute};
  for (std::size_t i = 0; i < entry.fieldCount; ++i) {
    const FieldEntry &field = entry.fields[i];
    made.fields.push_back({field.name, field.offset, field.bytes, field.kind, field.direction,
                           poplar::Type(field.element), field.layout, field.listLayout, field.align});
  }
  return made;
}

std::string quoted(const std::string &word) {
  std::string safe = "'";
  for (const char c : word) {
    safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return safe + "'";
}

std::string variable(const char *name, const char *otherwise) {
  const char *value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

// Runs a command; its output, and whether it succeeded.
std::pair<std::string, bool> output(const std::string &command) {
  std::FILE *pipe = popen(command.c_str(), "r");
  require<graph_object_load_error>(pipe != nullptr, "cannot run ", command);
  std::string text;
  std::array<char, 4096> part{};
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe)) {
    text.append(part.data(), count);
  }
  return {text, pclose(pipe) == 0};
}

// The library that a build made of this source, if it did: lines "source<tab>flags<tab>library".
std::string prebuilt(const std::string &source, const std::string &flags) {
  std::ifstream list(variable("AXONC_IPU_CODELETS", ""));
  const std::string path = std::filesystem::weakly_canonical(source).string();
  for (std::string line; std::getline(list, line);) {
    const std::string key = path + "\t" + flags + "\t";
    if (line.compare(0, key.size(), key) == 0) {
      return line.substr(key.size());
    }
  }
  return "";
}

std::string compiled(const std::string &source, const std::string &flags) {
  if (const std::string known = prebuilt(source, flags); !known.empty()) {
    return known;
  }
  const std::string popc = variable("AXONC_POPC", "python3 -m axonc.backends.ipu.simulator");
  const auto [text, fine] = output(popc + " --print " + quoted(source) + " -- " + flags + " 2>&1");
  require<graph_object_load_error>(fine, "popc failed on ", source, ":\n", text);
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

} // namespace

void loadCodelets(GraphData &graph, const std::string &library) {
  const std::string path = std::filesystem::absolute(library).string();
  void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  require<graph_object_load_error>(handle != nullptr, "cannot load codelets ", library, ": ",
                                   handle == nullptr ? dlerror() : "");
  const auto *table = static_cast<const VertexTable *>(dlsym(handle, "axonc_ipu_vertices"));
  require<graph_object_load_error>(table != nullptr && table->version == TABLE_VERSION, library,
                                   " holds no codelets of this version");
  for (std::size_t i = 0; i < table->count; ++i) {
    VertexClass made = classOf(table->vertices[i]);
    const std::string name = made.name;
    graph.classes.emplace(name, std::make_unique<VertexClass>(std::move(made)));
  }
}

} // namespace axonc_ipu

namespace poplar {

using axonc_ipu::require;

bool Graph::addCodelets(StringRef source, CodeletFileType /*type*/, StringRef compileFlags, StringRef /*targetName*/) {
  const std::string path = source.str();
  require<graph_object_load_error>(std::filesystem::exists(path), "codelet file '", path, "' does not exist");
  const bool ready = std::filesystem::path(path).extension() == ".gp";
  axonc_ipu::loadCodelets(*data_, ready ? path : axonc_ipu::compiled(path, compileFlags.str()));
  return true;
}

void Graph::addCodelets(ArrayRef<std::string> sources, StringRef compileFlags) {
  for (const std::string &source : sources) {
    addCodelets(StringRef(source), CodeletFileType::Auto, compileFlags);
  }
}

void Graph::addCodelets(std::stringstream &source, StringRef compileFlags, std::ostream &compileOutput,
                        CodeletFileType /*type*/, StringRef /*targetName*/) {
  std::string pattern = (std::filesystem::temp_directory_path() / "axonc-codelet-XXXXXX.cpp").string();
  const int file = mkstemps(pattern.data(), 4);
  require<graph_object_load_error>(file >= 0, "cannot write a codelet file");
  std::ofstream(pattern) << source.str();
  std::string library;
  try {
    library = axonc_ipu::compiled(pattern, compileFlags.str());
  } catch (const graph_object_load_error &error) {
    compileOutput << error.what() << '\n';
  }
  std::filesystem::remove(pattern);
  require<graph_object_load_error>(!library.empty(), "codelets given as text do not compile");
  axonc_ipu::loadCodelets(*data_, library);
}

void Graph::addCodelets(std::stringstream &source, StringRef compileFlags, CodeletFileType type, StringRef targetName) {
  std::ostringstream said;
  try {
    addCodelets(source, compileFlags, said, type, targetName);
  } catch (const graph_object_load_error &error) {
    throw graph_object_load_error(std::string(error.what()) + "\n" + said.str());
  }
}

} // namespace poplar
