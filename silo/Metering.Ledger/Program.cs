using Metering.Ledger.Commands;

return await LedgerCommands.Root().Parse(args).InvokeAsync();
