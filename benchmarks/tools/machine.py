"""Tell asv about this machine under a name that follows from its hardware, and print the name.

`asv machine --machine NAME` alone would store the name and nothing else.
"""

from asv.machine import Machine, MachineCollection

from kmbench.instruments import describe_host, machine_name


def register():
    """Return the name, known to asv from now on."""
    name = machine_name(describe_host())
    MachineCollection.save(name, Machine.get_defaults() | {"machine": name})
    return name


if __name__ == "__main__":
    print(register())
