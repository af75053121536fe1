using System.CommandLine;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Commands;

/// <summary>The command line, for a ledger's folder whether a server is running on it or not. 0: all is well; 1: it is not, or the command cannot be carried out.</summary>
internal static class LedgerCommands
{
    internal static RootCommand Root() => new("Reads and checks a ledger.") { Verify() };

    private static Command Verify()
    {
        var folder = new Argument<string>("folder") { Description = "The ledger's folder." };
        var account = new Option<string?>("--account") { Description = "Only this account." };
        var verify = new Command("verify", "Follows the chain of each account and names the first break.") { folder, account };
        verify.SetAction((parsed, cancellationToken) => TellAsync(async () =>
        {
            using var reader = new LedgerReader(FolderSegmentStore.OpenToRead(parsed.GetRequiredValue(folder)));
            var report = await reader.VerifyAsync(parsed.GetValue(account), cancellationToken);
            foreach (var damaged in report.Damaged)
            {
                await Console.Out.WriteLineAsync($"damaged segment: {damaged}");
            }

            foreach (var broken in report.Breaks)
            {
                await Console.Out.WriteLineAsync(ReportText.Of(broken));
            }

            await Console.Out.WriteLineAsync($"{report.Accounts} accounts, {report.Entries} rows: {(report.Holds ? "all chains hold" : "NOT all chains hold")}");
            return report.Holds ? 0 : 1;
        }));
        return verify;
    }

    private static async Task<int> TellAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (LedgerStoreException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return 1;
        }
    }
}
