using Xunit.Sdk;
using Xunit.v3;

// Each test starts servers that want the machine for themselves.
[assembly: Parallelization(Mode = ParallelMode.None)]
