using System.Globalization;

namespace Metering.EndToEnd.Tests;

/// <summary>
/// Laws 1 and 2 against the power switch. Every round kills the server with SIGKILL while callers of all kinds are in the middle of
/// their calls, starts it again on the same data, and compares it with what the callers wrote down. A quarter of the rounds
/// kill it once more while its accounts recover. <c>METERING_KILL_ROUNDS</c> and <c>METERING_KILL_SEED</c> set the number of rounds and repeat a run.
/// </summary>
public sealed class KillTests : CallerTest
{
    private const int DefaultRounds = 20;
    private const int MaxAnswersBeforeKill = 4_000;

    // The last step asks again for the charges of every round: none of their ids may have made room for newer ones. Kills are to fall into archiving and trimming too.
    private static readonly Dictionary<string, string> RememberAll = new() { ["MaxIds"] = "1000000", ["Ledger"] = "Folder", ["ArchiveInterval"] = "00:00:00.100", ["CheckpointInterval"] = "00:00:01" };

    [Fact]
    public async Task Whatever_was_acknowledged_before_a_kill_is_there_exactly_once()
    {
        var rounds = Setting("METERING_KILL_ROUNDS") ?? DefaultRounds;
        var seed = Setting("METERING_KILL_SEED") ?? Random.Shared.Next();
        Say($"{rounds} rounds; METERING_KILL_SEED={seed} chooses the same moments again");
        var chance = new Random(seed);

        var server = await StartReadyAsync(settings: RememberAll);
        await CreateAccountsAsync(Call(server));
        for (var round = 1; round <= rounds; round++)
        {
            server = await RoundAsync(server, round, chance);
        }

        // Nothing of an earlier round came undone in a later one.
        await SettleAsync(Call(server), AllRecords);
        await LedgerCheck.CheckAnswersAsync(server.BaseAddress, AllRecords, Cancellation);
        await server.KillAsync();
        Say($"{await LedgerCheck.CheckChainsAsync(DataDirectory, Cancellation)} rows of the ledger hold");
    }

    private async Task<StandaloneProcess> RoundAsync(StandaloneProcess server, int round, Random chance)
    {
        var api = Call(server);
        await TopUpAsync(api, $"round-{round}");
        var callers = new Callers(Accounts, $"r{round}", chance.Next());
        var answersBeforeKill = chance.Next(MaxAnswersBeforeKill);
        await CallUntilAsync(callers, api, callers.AnsweredAsync(answersBeforeKill), server.KillAsync);

        if (chance.Next(4) == 0)
        {
            await KillWhileRecoveringAsync();
        }

        var restarted = await StartReadyAsync(settings: RememberAll);
        var unanswered = callers.Records.Count(record => record.Fate == ChargeFate.Unknown);
        var findings = await SettleAsync(Call(restarted), callers.Records);
        Say($"round {round}: killed after {answersBeforeKill} answers; of {callers.Records.Count} charges {unanswered} had no answer, {findings.Landed.Count} of those had landed");
        return restarted;
    }

    // Accounts recover when they are first asked: all are asked at once, and the first answer pulls the plug.
    private async Task KillWhileRecoveringAsync()
    {
        var server = await StartReadyAsync(settings: RememberAll);
        var api = Call(server);
        var readings = Accounts.Select(Task (account) => api.GetAccountAsync(account.Name, Cancellation)).ToList();
        await Task.WhenAny(readings);
        await server.KillAsync();
        await Task.WhenAll(readings).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
