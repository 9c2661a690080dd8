// Asks a status page with the client `statuspage.io`, and prints what it was told as one line of JSON.
import statuspage from "statuspage.io";

const client = new statuspage.Statuspage("whimbrel");
client.setApiUrl(process.argv[2]);
const { api } = client;
const told = {
  status: await api.getStatus(),
  components: await api.getComponents(),
  summary: await api.getSummary(),
  incidents: await api.incidents.getAll(),
  unresolved: await api.incidents.getUnresolved(),
  upcoming: await api.scheduledMaintenances.getUpcoming(),
};
console.log(JSON.stringify(told));
