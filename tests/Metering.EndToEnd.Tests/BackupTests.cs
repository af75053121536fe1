namespace Metering.EndToEnd.Tests;

/// <summary>A directory that is copied under load: the copy is the original at one instant, and goes on from there.</summary>
public sealed class BackupTests : CallerTest
{
    private static readonly Dictionary<string, string> Archiving = new() { ["MaxIds"] = "1000000", ["Ledger"] = "Folder", ["ArchiveInterval"] = "00:00:00.100", ["CheckpointInterval"] = "00:00:00.200" };

    [Fact]
    public async Task A_copy_made_while_the_server_charges_has_all_that_was_acknowledged_before_and_goes_on_from_there()
    {
        const int copies = 2;
        var server = await StartReadyAsync(settings: Archiving);
        var api = Call(server);
        await CreateAccountsAsync(api);
        await TopUpAsync(api, "start");
        var callers = new Callers(Accounts, "backup", seed: 1);
        var acknowledged = new List<HashSet<string>>();
        await CallUntilAsync(callers, api, callers.AnsweredAsync(1_000), async () =>
        {
            for (var copy = 0; copy < copies; copy++)
            {
                acknowledged.Add([.. callers.RecordsSoFar().Where(static record => record.Fate == ChargeFate.Charged).Select(static record => record.Id)]);
                var made = await BackUpAsync(PathOf(copy));
                Assert.True(made.ExitCode == 0, $"The copy was not made: {made}");
            }

            await server.KillAsync();
        });

        for (var copy = copies - 1; copy >= 0; copy--)
        {
            await CheckAsync(PathOf(copy), callers, acknowledged[copy]);
        }
    }

    [Fact]
    public async Task A_backup_does_not_touch_what_is_there_already()
    {
        var server = await StartReadyAsync();
        Directory.CreateDirectory(PathOf(0));
        var made = await BackUpAsync(PathOf(0));
        Assert.Equal(1, made.ExitCode);
        Assert.Contains("is there already", made.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(PathOf(0)));
        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task A_backup_of_nothing_says_so()
    {
        var made = await BackUpAsync(PathOf(0));
        Assert.Equal(1, made.ExitCode);
        Assert.Contains("metering.db' to copy", made.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(PathOf(0)));
    }

    private async Task CheckAsync(string directory, Callers callers, HashSet<string> acknowledged)
    {
        var restored = await StartReadyAsync(directory, Archiving);
        var api = Call(restored);
        var missing = (await new Settlement(api, Cancellation).ReadBackAsync(callers.Records)).Missing;
        var lost = missing.Where(record => acknowledged.Contains(record.Id)).Take(5).ToList();
        Assert.True(lost.Count == 0, $"Acknowledged before the copy, and not in it: {string.Join("; ", lost)}");
        Say($"{acknowledged.Count} were acknowledged before the copy, {missing.Count} after it; {callers.Records.Count} in all");
        foreach (var record in missing)
        {
            record.Lose();
        }

        // The rest happens now, as it would have to after the original is gone for good; what is there happens once.
        await SettleAsync(api, callers.Records);
        await LedgerCheck.CheckAnswersAsync(restored.BaseAddress, callers.Records, Cancellation);
        Assert.Equal(0, await restored.StopAsync());
        Assert.True(await LedgerCheck.CheckChainsAsync(directory, Cancellation) > acknowledged.Count, "The ledger of the copy did not go on.");
    }

    private string PathOf(int copy) => $"{DataDirectory}-copy-{copy}";

    private Task<Tool> BackUpAsync(string directory) => Tool.RunAsync(
        "dotnet",
        [Path.Combine(AppContext.BaseDirectory, "Metering.Standalone.dll"), "backup", directory, $"--Metering:DataDirectory={DataDirectory}"],
        AppContext.BaseDirectory,
        Cancellation);
}
