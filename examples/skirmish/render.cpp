// The command render: what a model sees and believes of one battle.
#include "commands.hpp"

namespace skirmish {

int render(command_options const& /*options*/) { return 1; }

}  // namespace skirmish
