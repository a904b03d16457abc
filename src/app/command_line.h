// app/command_line.h — the program's options. What a command does is in its own file; see commands.h.
#pragma once

namespace leat::app {

// Runs the command that the arguments name and returns the program's exit code.
int run(int argc, char** argv);

}  // namespace leat::app
