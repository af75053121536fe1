namespace Metering.Ledger.Tests;

/// <summary>A folder of the test's own, gone after it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("metering-ledger-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
