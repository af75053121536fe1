using Metering.Client;

#pragma warning disable xUnit1051 // The example is what a reader pastes: without the test's token.

namespace Metering.Gateway.Tests.Clients;

/// <summary>The example of the client's README, run against the real server.</summary>
public sealed class ReadmeExample
{
    private const string Begin = "        // example begins";
    private const string End = "        // example ends";

    [Fact]
    public async Task The_example_does_what_it_says()
    {
        await using var server = await RestartableServer.Start();
        await using var console = new StringWriter();
        await Run(server.Address, console);

        // 1,200 tokens at 0.00006 are 0.072 credits of 100. A million calls are 1 credit by the started block: the first call takes it, and the other
        // 1,000 none. 2,750 tokens more are 0.165.
        Assert.StartsWith($"0.072 credits, 99.928 left{Environment.NewLine}", console.ToString(), StringComparison.Ordinal);
        await using var client = new MeteringClient(server.Address);
        Assert.Equal(98.763m, (await client.GetAccountAsync("acme")).Reply!.Balance);
    }

    [Fact]
    public async Task The_readme_has_this_very_example()
    {
        var source = await File.ReadAllLinesAsync(Path.Combine(Root, "tests", "Metering.Gateway.Tests", "Clients", "ReadmeExample.cs"), TestContext.Current.CancellationToken);
        var readme = await File.ReadAllLinesAsync(Path.Combine(Root, "client-gateway", "Metering.Client", "README.md"), TestContext.Current.CancellationToken);
        var example = source.SkipWhile(line => line != Begin).Skip(1).TakeWhile(line => line != End)
            .Select(line => line.Length > 8 ? line[8..] : line)
            .Select(line => line.Replace("(address)", "(new Uri(\"http://127.0.0.1:8081\"))", StringComparison.Ordinal));

        Assert.Equal(example, readme.SkipWhile(line => line != "```csharp").Skip(1).TakeWhile(line => line != "```"));
    }

    private static string Root
    {
        get
        {
            var directory = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(directory.FullName, "Metering.sln")))
            {
                directory = directory.Parent ?? throw new DirectoryNotFoundException("The tests do not run inside the repository.");
            }

            return directory.FullName;
        }
    }

    private static class Console
    {
        public static AsyncLocal<TextWriter> Out { get; } = new();

        public static void WriteLine(object text) => Out.Value!.WriteLine(text);
    }

    private static async Task Run(Uri address, TextWriter console)
    {
        Console.Out.Value = console;

        // example begins
        await using var client = new MeteringClient(address);

        // An account with 100 credits. Everything can be sent again: the same id is the same grant, the same charge.
        await client.PutAccountAsync("acme", new AccountSettings { DisplayName = "Acme" });
        await client.AddGrantAsync("acme", new Grant { Id = "plan", Amount = 100 });

        // A refusal is a value: what to tell the customer, not an exception.
        var answer = await client.ChargeAsync("acme", Charge.Of("req-1", "llm.tokens", 1_200));
        Console.WriteLine(answer.Reply is { } reply
            ? $"{reply.Credits} credits, {reply.Balance} left"
            : $"refused: {answer.Refusal!.Code}");

        // Many at once travel together: make them concurrently and await them together.
        var answers = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i =>
            client.ChargeAsync("acme", Charge.Of($"call-{i}", "api.calls", 1))));

        // Usage whose size is not known yet: hold, then settle what it was.
        await client.PlaceHoldAsync("acme", Hold.ForQuantity("answer-1", "llm.tokens", 4_000));
        await client.SettleHoldAsync("acme", "answer-1", Settle.OfQuantity("answer-1-done", 2_750));

        // Very high rates: a producer numbers its charges, and the account remembers only the latest.
        var producer = client.Producer("chat-server-7");
        await producer.ChargeAsync("acme", Usage.Of("api.calls", 1));

        // Every change of the balance, as it happens; it goes on by itself after a broken connection.
        await foreach (var change in client.WatchAsync("acme", after: 0))
        {
            Console.WriteLine(change);
            break;
        }
        // example ends
        Assert.All(answers, each => Assert.NotNull(each.Reply));
    }
}
