// platform/passing_files.h — for tests: files that pass every call on, to be derived from by those that do one thing
// differently.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/files.h"

namespace leat::platform {

class PassingFile : public File {
 public:
  explicit PassingFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t size) override {
    return file_->read_at(position, into, size);
  }
  Result<> write_at(std::uint64_t position, std::string_view bytes) override {
    return file_->write_at(position, bytes);
  }
  Result<> sync() override { return file_->sync(); }
  Result<std::uint64_t> size() override { return file_->size(); }
  Result<> truncate(std::uint64_t size) override { return file_->truncate(size); }
  Result<> reserve(std::uint64_t position, std::uint64_t length) override { return file_->reserve(position, length); }
  void drop_cache() override { file_->drop_cache(); }

 private:
  std::unique_ptr<File> file_;
};

class PassingFiles : public Files {
 public:
  explicit PassingFiles(Files& files) : files_(files) {}

  Result<std::unique_ptr<File>> open(const std::string& path, Open how) override { return files_.open(path, how); }
  Result<> rename(const std::string& from, const std::string& to) override { return files_.rename(from, to); }
  Result<> remove(const std::string& path) override { return files_.remove(path); }
  Result<> make_directory(const std::string& path) override { return files_.make_directory(path); }
  Result<std::vector<std::string>> list(const std::string& path) override { return files_.list(path); }
  Result<bool> exists(const std::string& path) override { return files_.exists(path); }
  Result<> sync_directory(const std::string& path) override { return files_.sync_directory(path); }
  Result<std::unique_ptr<FileSystem>> file_system(const std::string& path) override { return files_.file_system(path); }
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override { return files_.lock(path); }

 private:
  Files& files_;
};

}  // namespace leat::platform
