namespace Metering.Kubernetes.Tests;

/// <summary>The files this project tests.</summary>
internal static class Repository
{
    internal static string Root { get; } = FindRoot();

    internal static string Manifests => Path.Combine(Root, "k8s");

    internal static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Metering.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException($"No directory above {AppContext.BaseDirectory} holds Metering.sln.");
    }
}
