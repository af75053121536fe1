namespace Metering.EndToEnd.Tests;

/// <summary>A directory that is gone afterwards.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("metering-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
