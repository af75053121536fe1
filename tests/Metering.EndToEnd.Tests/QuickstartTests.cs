using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Metering.EndToEnd.Tests;

/// <summary>What the README tells a newcomer to type works, and answers what the README says.</summary>
public sealed class QuickstartTests : StandaloneTest
{
    private const string DocumentedPort = "8080";

    [Fact]
    public async Task The_quickstart_of_the_README_answers_what_it_says()
    {
        var blocks = Readme.Tested("quickstart");
        Assert.True(blocks.Count > 0, "README.md should mark its quickstart with <!-- tested: quickstart -->.");
        var server = await StartReadyAsync();
        foreach (var block in blocks)
        {
            var run = await RunAsync(block, server);
            Assert.True(ReadAll(run.Output).All(answer => ApiReply.CodeOf(answer) is null), $"No command of the quickstart should be refused: {run.Output}");
        }
    }

    [Fact]
    public async Task Every_step_of_the_worked_example_answers_what_the_page_says()
    {
        var blocks = Readme.Tested("worked-example", Path.Combine("client-gateway", "worked-example.md"));
        Assert.True(blocks.Count > 0 && blocks.All(block => !string.IsNullOrEmpty(block.Answers)), "Every step of the worked example should show its answers.");
        var server = await StartReadyAsync();
        foreach (var block in blocks)
        {
            await RunAsync(block, server);
        }
    }

    private static async Task<Tool> RunAsync(TestedBlock block, StandaloneProcess server)
    {
        var port = server.BaseAddress.Port.ToString(CultureInfo.InvariantCulture);
        var commands = block.Commands.Replace($":{DocumentedPort}", $":{port}", StringComparison.Ordinal);
        var run = await Tool.RunAsync("bash", ["-e", "-u", "-o", "pipefail", "-c", commands], Readme.Directory, Cancellation);
        Assert.True(run.ExitCode == 0, $"The commands\n{commands}\nshould succeed: {run}");
        CheckAnswers(block, run);
        return run;
    }

    private static void CheckAnswers(TestedBlock block, Tool run)
    {
        var actual = ReadAll(run.Output);
        if (string.IsNullOrEmpty(block.Answers))
        {
            return;
        }

        var expected = ReadAll(block.Answers);
        Assert.True(expected.Count <= actual.Count, $"{expected.Count} answers are shown, and there were {actual.Count}: {run.Output}");
        foreach (var (shown, answer) in expected.Zip(actual.TakeLast(expected.Count)))
        {
            Assert.True(Shows(shown, answer), $"The page shows\n{shown}\nand the answer was\n{answer}");
        }
    }

    /// <summary>Whether every value shown is in the answer; the answer may hold more fields.</summary>
    private static bool Shows(JsonElement shown, JsonElement answer) => (shown.ValueKind, answer.ValueKind) switch
    {
        (JsonValueKind.Object, JsonValueKind.Object) => shown.EnumerateObject()
            .All(field => answer.TryGetProperty(field.Name, out var value) && Shows(field.Value, value)),
        (JsonValueKind.Array, JsonValueKind.Array) => shown.GetArrayLength() == answer.GetArrayLength()
            && shown.EnumerateArray().Zip(answer.EnumerateArray()).All(pair => Shows(pair.First, pair.Second)),
        _ => JsonElement.DeepEquals(shown, answer),
    };

    /// <summary>JSON values one after another, as several commands print them.</summary>
    private static List<JsonElement> ReadAll(string text)
    {
        var values = new List<JsonElement>();
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), new JsonReaderOptions { AllowMultipleValues = true });
        while (reader.Read())
        {
            values.Add(JsonElement.ParseValue(ref reader));
        }

        return values;
    }
}
