// platform/real_file.h — one open file of this machine.
#pragma once

#include <cstdlib>
#include <memory>

#include "platform/files.h"
#include "platform/posix.h"

namespace leat::platform {

class RealFile : public File {
 public:
  RealFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t size) override;
  Result<> write_at(std::uint64_t position, std::string_view bytes) override;
  Result<> sync() override;
  Result<std::uint64_t> size() override;
  Result<> truncate(std::uint64_t size) override;
  Result<> reserve(std::uint64_t position, std::uint64_t length) override;
  void drop_cache() override;

 private:
  Result<> grow(std::uint64_t end);

  Descriptor fd_;
  std::string path_;
};

// Opened with O_DIRECT, which wants aligned memory: what is written is copied there first. Not for reading.
class DirectFile final : public RealFile {
 public:
  using RealFile::RealFile;
  Result<> write_at(std::uint64_t position, std::string_view bytes) override;

 private:
  void make_room(std::size_t bytes);

  struct Freed {
    void operator()(char* memory) const { std::free(memory); }
  };
  std::unique_ptr<char, Freed> aligned_;
  std::size_t room_ = 0;
};

}  // namespace leat::platform
