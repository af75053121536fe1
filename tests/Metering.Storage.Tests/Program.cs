using Metering.Storage.Tests.Embedded;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace Metering.Storage.Tests;

/// <summary>Runs the tests, or the part of a process that a test kills.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        [ChildProcess.Hold, var directory] => ChildProcess.HoldAsync(directory),
        [ChildProcess.Append, var directory] => ChildProcess.AppendAsync(directory),
        _ when args.Contains("--server") || args.Contains("--internal-msbuild-node") =>
            TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
        _ => ConsoleRunner.Run(args),
    };
}
