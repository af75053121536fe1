namespace Metering.EndToEnd.Tests;

/// <summary>
/// The shell commands of the README and other pages that are marked as tested, with the answers it promises. A line <c>&lt;!-- tested: name --&gt;</c> marks the
/// next <c>sh</c> block; a line <c>&lt;!-- answers --&gt;</c> marks the next <c>json</c> block as what the last of those commands print.
/// </summary>
internal static class Readme
{
    private const string AnswersMark = "<!-- answers -->";

    public static string Directory { get; } = FindRoot();

    /// <summary>The blocks of a page marked with a name, in order.</summary>
    public static IReadOnlyList<TestedBlock> Tested(string name, string page = "README.md")
    {
        var blocks = new List<TestedBlock>();
        var lines = File.ReadAllLines(Path.Combine(Directory, page));
        for (var i = 0; i < lines.Length; i++)
        {
            var mark = lines[i].Trim();
            if (mark == $"<!-- tested: {name} -->")
            {
                blocks.Add(new TestedBlock(Fenced(lines, i, "sh"), Answers: null));
            }
            else if (mark == AnswersMark && blocks.Count > 0 && blocks[^1].Answers is null)
            {
                blocks[^1] = blocks[^1] with { Answers = Fenced(lines, i, "json") };
            }
            else if (mark.StartsWith("<!-- tested:", StringComparison.Ordinal) && blocks.Count > 0 && blocks[^1].Answers is null)
            {
                // Another test's commands begin: answers after them are not ours.
                blocks[^1] = blocks[^1] with { Answers = "" };
            }
        }

        return blocks;
    }

    private static string Fenced(string[] lines, int mark, string language)
    {
        var opening = Array.FindIndex(lines, mark, line => line.StartsWith("```", StringComparison.Ordinal));
        Assert.True(opening >= 0 && lines[opening] == $"```{language}", $"README.md:{mark + 1}: a ```{language} block should follow.");
        var closing = Array.FindIndex(lines, opening + 1, line => line == "```");
        Assert.True(closing >= 0, $"README.md:{opening + 1}: the block should end.");
        return string.Join('\n', lines[(opening + 1)..closing]);
    }

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

/// <summary>Commands to run, and the JSON they should print; null or empty when the README shows none.</summary>
internal sealed record TestedBlock(string Commands, string? Answers);
