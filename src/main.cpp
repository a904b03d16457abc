#include "app/command_line.h"

int main(int argc, char** argv) { return leat::app::run(argc, argv); }
