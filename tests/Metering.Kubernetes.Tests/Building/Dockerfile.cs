namespace Metering.Kubernetes.Tests.Building;

/// <summary>How an image is built: the instructions of its file, one line each.</summary>
internal sealed class Dockerfile
{
    private readonly List<(string Instruction, string Words)> _lines;

    private Dockerfile(string path)
    {
        Path = path;
        _lines = [.. Repository.Read(path).Split('\n')
            .Where(static line => line.Length > 0 && !line.StartsWith('#'))
            .Select(static line => line.Split(' ', 2))
            .Select(static words => (words[0], words[1]))];
    }

    internal static IReadOnlyList<Dockerfile> All { get; } =
        [new("silo/Dockerfile"), new("client-gateway/Dockerfile"), new("tests/Metering.LoadTest/Dockerfile")];

    /// <summary>From the root of the repository.</summary>
    internal string Path { get; }

    /// <summary>The name of the image that manifests use.</summary>
    internal string Image => Words("LABEL").Single(static label => label.StartsWith("org.opencontainers.image.title=", StringComparison.Ordinal)).Split('"')[1];

    internal IReadOnlyList<string> Bases => [.. Words("FROM").Select(static from => from.Split(' ')[0])];

    internal IEnumerable<int> Ports => Words("EXPOSE").SelectMany(static ports => ports.Split(' ')).Select(int.Parse);

    internal long User => long.Parse(Words("USER").Last(), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>What the build takes from the repository, and where to.</summary>
    internal IEnumerable<(string From, string To)> Copies =>
        Words("COPY").Where(static copy => !copy.StartsWith("--", StringComparison.Ordinal)).Select(static copy => copy.Split(' ')).SelectMany(static words => words[..^1].Select(from => (from, words[^1])));

    /// <summary>The command that publishes the program to <c>/app</c>.</summary>
    internal IReadOnlyList<string> Publish => Words("RUN").Single().Split(' ');

    /// <summary>The words of the entry point.</summary>
    internal IReadOnlyList<string> EntryPoint => System.Text.Json.JsonSerializer.Deserialize<List<string>>(Words("ENTRYPOINT").Single())!;

    private IEnumerable<string> Words(string instruction) => _lines.Where(line => line.Instruction == instruction).Select(static line => line.Words);
}
